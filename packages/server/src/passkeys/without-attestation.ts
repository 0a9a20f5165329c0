/**
 * The attestation object with `none` in place of whatever statement an authenticator added though it was asked for none.
 * Nobody looks at one here, and looking would parse a stranger's certificates and fetch the revocation lists that they
 * name from wherever they say.
 *
 * @throws when it is no attestation object
 */
export async function withoutAttestation(attestationObject: string): Promise<string> {
  const { decodeAttestationObject, isoCBOR } = await import('@simplewebauthn/server/helpers')
  const decoded = decodeAttestationObject(Buffer.from(attestationObject, 'base64url'))
  const authData: unknown = decoded.get('authData')
  if (!(authData instanceof Uint8Array)) throw new Error('There is no authenticator data.')
  const none = new Map<string, string | Uint8Array | Map<string, string>>([
    ['fmt', 'none'],
    ['attStmt', new Map<string, string>()],
    ['authData', authData],
  ])
  return Buffer.from(isoCBOR.encode(none)).toString('base64url')
}
