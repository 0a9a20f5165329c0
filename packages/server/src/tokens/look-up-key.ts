import type { LocalVerifier, Verification } from '@countersign/verify'
import type { Keyring } from '../keys/keyring.ts'

/** Whether the key that signed this token is known after all, because another instance has made it meanwhile. */
export type LookUpKey = (token: string) => Promise<boolean>

/** @returns a look-up for tokens whose header the verifier has read already, and whose key it does not know */
export function createKeyLookUp(keyring: Pick<Keyring, 'lookUp'>): LookUpKey {
  return (token) => keyring.lookUp(readKid(token))
}

/** What a token is worth. Whoever decides by one asks this, and not the verifier, which knows only the keys of a moment ago. */
export type VerifyToken = (token: string) => Promise<Verification>

export function createTokenCheck(verifier: LocalVerifier, lookUpKey: LookUpKey): VerifyToken {
  return async (token) => {
    const verification = verifier.verify(token)
    if (verification.ok || verification.reason !== 'unknown_key') return verification
    return (await lookUpKey(token)) ? verifier.verify(token) : verification
  }
}

function readKid(token: string): string {
  const header = Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString()
  return String((JSON.parse(header) as { kid?: unknown }).kid)
}
