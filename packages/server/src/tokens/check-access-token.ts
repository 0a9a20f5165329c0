import { getHeapStatistics } from 'node:v8'
import { createLocalVerifier, type LocalVerifier } from '@countersign/verify'
import type { Clock } from '../foundation/clock.ts'
import type { Keyring } from '../keys/keyring.ts'
import type { LiveRevocations } from '../revocation/live-revocations.ts'

// As many users at a time are served without reading their tokens again; 1.2 kB each when they are there, nothing before.
const mostTokensRemembered = 131_072
const bytesOfToken = 1_200
const shareOfHeap = 1 / 16

// Beyond them the signatures alone are remembered; 84 bytes each.
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
    cacheSize: tokensRemembered(),
    signatureCacheSize,
    findKey: (kid) => keyring.findKey(kid),
    isRevoked: (claims) => revocations.isRevoked(claims),
  })
}

/** A small heap holds fewer tokens, so that they never are what fills it. */
export function tokensRemembered(heapBytes: number = getHeapStatistics().heap_size_limit): number {
  return Math.min(mostTokensRemembered, Math.floor((heapBytes * shareOfHeap) / bytesOfToken))
}
