// What the browser is asked for a passkey, and its answer, in the words of the API.

/**
 * @typedef {{ type: 'public-key', id: string, transports?: AuthenticatorTransport[] }} Descriptor
 * @typedef {{ challenge: string, timeout: number, rpId: string, allowCredentials: readonly Descriptor[], userVerification: UserVerificationRequirement }} PasskeyOptions
 */

/**
 * It rejects with what the browser says: `NotAllowedError` when the user turned it down.
 * @param {PasskeyOptions} options
 */
export async function askPasskey(options) {
  const allowCredentials = options.allowCredentials.map((one) => ({ ...one, id: toBytes(one.id) }))
  const publicKey = { ...options, allowCredentials, challenge: toBytes(options.challenge) }
  const credential = /** @type {PublicKeyCredential} */ (
    await navigator.credentials.get({ publicKey })
  )
  const { id } = credential
  const { clientDataJSON, authenticatorData, signature, userHandle } =
    /** @type {AuthenticatorAssertionResponse} */ (credential.response)
  return {
    id,
    rawId: id,
    type: 'public-key',
    response: {
      clientDataJSON: toText(clientDataJSON),
      authenticatorData: toText(authenticatorData),
      signature: toText(signature),
      ...(userHandle && { userHandle: toText(userHandle) }),
    },
  }
}

/** @param {string} text in base64url */
function toBytes(text) {
  const base64 = text.replaceAll('-', '+').replaceAll('_', '/')
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
}

/** @param {ArrayBuffer} bytes */
function toText(bytes) {
  const binary = String.fromCharCode(...new Uint8Array(bytes))
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}
