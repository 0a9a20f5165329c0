import { createLocalVerifier, type LocalVerifier } from '@countersign/verify'
import type { Clock } from '../foundation/clock.ts'
import type { Keyring } from '../keys/keyring.ts'
import type { LiveRevocations } from '../revocation/live-revocations.ts'

// A hundred thousand users at a time; 8 MB when they are there, nothing before.
const signatureCacheSize = 200_000

/** Our own tokens, verified as strictly as any other service does, and held against what was revoked. */
export function createAccessTokenVerifier(options: {
  readonly keyring: Pick<Keyring, 'findKey'>
  readonly issuer: string
  readonly audience: string
  readonly revocations: Pick<LiveRevocations, 'isRevoked'>
  readonly clock: Clock
}): LocalVerifier {
  const { keyring, issuer, audience, revocations, clock } = options
  return createLocalVerifier({
    issuer,
    audience,
    clock,
    requireSession: true,
    signatureCacheSize,
    findKey: (kid) => keyring.findKey(kid),
    isRevoked: (claims) => revocations.isRevoked(claims),
  })
}
