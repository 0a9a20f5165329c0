/** What a service proves itself with to the issuer. */
export interface ServiceCredential {
  readonly id: string
  readonly secret: string
}

/** HTTP Basic as OAuth has it (RFC 6749 §2.3.1): both parts form-encoded first, so that a colon is no trap. */
export function basicAuthorization({ id, secret }: ServiceCredential): string {
  return `Basic ${btoa(`${formEncode(id)}:${formEncode(secret)}`)}`
}

function formEncode(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1)
}
