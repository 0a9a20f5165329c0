import type {
  PasskeyAssertion,
  PasskeyCreationOptions,
  PasskeyRegistration,
  PasskeyRequestOptions,
} from './contract.generated.ts'

/** Has the browser make a passkey. It rejects with what the browser says: `NotAllowedError` when the user turned it down. */
export async function createPasskey(
  options: PasskeyCreationOptions,
  signal: AbortSignal,
): Promise<PasskeyRegistration> {
  const { user, excludeCredentials } = options
  const publicKey = {
    ...options,
    challenge: toBytes(options.challenge),
    user: { ...user, id: toBytes(user.id) },
    excludeCredentials: excludeCredentials.map(toDescriptor),
  }
  const credential = await navigator.credentials.create({ publicKey, signal } as object)
  const { response, ...rest } = describe<AuthenticatorAttestationResponse>(credential)
  const { clientDataJSON, attestationObject } = response
  return {
    ...rest,
    response: {
      clientDataJSON: toText(clientDataJSON),
      attestationObject: toText(attestationObject),
      transports: response.getTransports?.() ?? [],
    },
  }
}

/** Has the browser ask for a passkey; with `conditional` in the autofill of a field. */
export async function askPasskey(
  options: PasskeyRequestOptions,
  signal: AbortSignal,
  mediation?: 'conditional',
): Promise<PasskeyAssertion> {
  const publicKey = {
    ...options,
    challenge: toBytes(options.challenge),
    allowCredentials: options.allowCredentials.map(toDescriptor),
  }
  const asked = { publicKey, signal, ...(mediation && { mediation }) }
  const credential = await navigator.credentials.get(asked as object)
  const { response, ...rest } = describe<AuthenticatorAssertionResponse>(credential)
  const { clientDataJSON, authenticatorData, signature, userHandle } = response
  return {
    ...rest,
    response: {
      clientDataJSON: toText(clientDataJSON),
      authenticatorData: toText(authenticatorData),
      signature: toText(signature),
      ...(userHandle && { userHandle: toText(userHandle) }),
    },
  }
}

/** Whether passkeys can stand in the autofill of a field. */
export async function canAutofill(): Promise<boolean> {
  const { PublicKeyCredential: kind } = globalThis
  return (await kind?.isConditionalMediationAvailable?.()) ?? false
}

function describe<Response>(credential: Credential | null) {
  const { id, response } = credential as PublicKeyCredential
  return { id, rawId: id, type: 'public-key' as const, response: response as Response }
}

function toDescriptor({ id, ...rest }: PasskeyRequestOptions['allowCredentials'][number]) {
  return { ...rest, id: toBytes(id) }
}

// By hand: the conversions that browsers bring along are younger than passkeys.
function toBytes(text: string): Uint8Array {
  const base64 = text.replaceAll('-', '+').replaceAll('_', '/')
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
}

function toText(bytes: ArrayBuffer): string {
  const binary = String.fromCharCode(...new Uint8Array(bytes))
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}
