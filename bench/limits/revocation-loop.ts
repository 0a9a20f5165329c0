// The check of an access token against the live revocations: alone, and within the whole of what a verifier does with a
// token that it has seen before. Arguments: how many revocations are alive, and for how many milliseconds each. Prints
// as JSON how often per second each was done.

import { LiveRevocations } from '../../packages/server/src/revocation/live-revocations.ts'
import { systemClock } from '../../packages/server/src/foundation/clock.ts'
import { createIdSource } from '../../packages/server/src/foundation/ids.ts'
import { systemRandomness } from '../../packages/server/src/foundation/randomness.ts'
import { createLocalVerifier, type VerificationKey } from '../../packages/verify/src/index.ts'
import {
  CLAIMS,
  createSigningKey,
  ISSUER,
  signToken,
} from '../../packages/verify/src/tokens/issuer.fixture.ts'

export interface RevocationRates {
  readonly check: number
  readonly verification: number
}

const [count = 0, turnMs = 0] = process.argv.slice(2).map(Number)
const newId = createIdSource(systemClock, systemRandomness)
const live = new LiveRevocations(systemClock, 1_020_000)
for (let index = 0; index < count; index += 2) {
  live.note({ kind: 'session', sessionId: newId(), at: systemClock() })
  live.note({ kind: 'subject', subject: newId(), epoch: 1, at: systemClock() })
}

const key = createSigningKey('ES256')
const options = { issuer: ISSUER, audience: ISSUER, findKey: (): VerificationKey => key }
const verifier = createLocalVerifier({ ...options, isRevoked: (claims) => live.isRevoked(claims) })
const iat = Math.floor(systemClock() / 1000)
const holders = Array.from({ length: 1_000 }, () => {
  const claims = { ...CLAIMS, sub: newId(), sid: newId(), epoch: 0, iat, exp: iat + 900 }
  return { claims, token: signToken(key, claims) }
})

function measure(act: (holder: (typeof holders)[number]) => boolean): number {
  const started = performance.now()
  let rounds = 0
  do {
    for (const holder of holders) if (!act(holder)) throw new Error('A live token was refused')
    rounds++
  } while (performance.now() - started < turnMs)
  return (rounds * holders.length * 1000) / (performance.now() - started)
}

const check = () => measure(({ claims }) => !live.isRevoked(claims))
const verification = () => measure(({ token }) => verifier.verify(token).ok)
check()
verification()
console.log(
  JSON.stringify({ check: check(), verification: verification() } satisfies RevocationRates),
)
