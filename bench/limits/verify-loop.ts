// Verifies one token again and again, each library in its turn. Arguments: rounds, and milliseconds of a turn.
// Prints as JSON how often per second each did it, round by round.

import { verify as verifySignature, type KeyObject } from 'node:crypto'
import { createLocalVerifier, type VerificationKey } from '@countersign/verify'
import { createVerifier as createFastVerifier } from 'fast-jwt'
import { jwtVerify } from 'jose'
import jwt from 'jsonwebtoken'
import {
  CLAIMS,
  createSigningKey,
  ISSUER,
  signToken,
} from '../../packages/verify/src/tokens/issuer.fixture.ts'
import { interleave } from '../interleave.ts'

/** Verifications per second, by contender. */
export type VerifyRates = Readonly<Record<string, readonly number[]>>

type Turn = () => void | Promise<void>

const [rounds = 1, turnMs = 10] = process.argv.slice(2).map(Number)
const nowSeconds = Math.floor(Date.now() / 1000)
const claims = {
  ...CLAIMS,
  sub: '06h18iho83mn67id0j9c78ekag',
  sid: '06h18iho83mn67id0j9c78ekb0',
  jti: 'mUk7Vb2hQ0S1mXl3o5Yw9A',
  iat: nowSeconds,
  exp: nowSeconds + 900,
}

function contendersFor(algorithm: 'ES256' | 'EdDSA'): Record<string, Turn> {
  const key = createSigningKey(algorithm)
  const token = signToken(key, claims)
  const options = { issuer: ISSUER, audience: ISSUER, findKey: (): VerificationKey => key }
  const cold = createLocalVerifier({ ...options, cacheSize: 0 })
  const remembering = createLocalVerifier(options)
  const publicPem = key.key.export({ type: 'spki', format: 'pem' })
  const fastOptions = {
    key: publicPem,
    algorithms: [algorithm],
    allowedIss: ISSUER,
    allowedAud: ISSUER,
  }
  const fast = createFastVerifier(fastOptions)
  const fastRemembering = createFastVerifier({ ...fastOptions, cache: 10_000 })
  const expected = { issuer: ISSUER, audience: ISSUER, algorithms: [algorithm] }
  const joseOptions = { ...expected, typ: 'at+jwt', requiredClaims: ['sub', 'exp', 'iat', 'jti'] }
  return {
    [`${algorithm}, @countersign/verify, remembered`]: () => expectOk(remembering.verify(token).ok),
    [`${algorithm}, fast-jwt, remembered`]: () =>
      expectOk(fastRemembering(token)['iss'] === ISSUER),
    [`${algorithm}, bare crypto.verify`]: bareVerify(algorithm, key.key, token),
    [`${algorithm}, @countersign/verify`]: () => expectOk(cold.verify(token).ok),
    [`${algorithm}, fast-jwt`]: () => expectOk(fast(token)['iss'] === ISSUER),
    [`${algorithm}, jose`]: async () => {
      const { payload } = await jwtVerify(token, key.key, joseOptions)
      expectOk(payload.iss === ISSUER)
    },
    // It knows no EdDSA.
    ...(algorithm === 'ES256' && {
      [`${algorithm}, jsonwebtoken`]: () => {
        const payload = jwt.verify(token, key.key, { ...expected, algorithms: ['ES256'] })
        expectOk(typeof payload === 'object' && payload.iss === ISSUER)
      },
    }),
  }
}

/** The signature alone: no decoding, no claims. */
function bareVerify(algorithm: 'ES256' | 'EdDSA', key: KeyObject, token: string): Turn {
  const dot = token.lastIndexOf('.')
  const data = Buffer.from(token.slice(0, dot))
  const signature = Buffer.from(token.slice(dot + 1), 'base64url')
  const digest = algorithm === 'ES256' ? 'sha256' : undefined
  return () =>
    expectOk(verifySignature(digest, data, { key, dsaEncoding: 'ieee-p1363' }, signature))
}

function expectOk(ok: boolean): void {
  if (!ok) throw new Error('A good token was refused')
}

async function measure(turn: Turn): Promise<number> {
  const started = performance.now()
  let count = 0
  // A look at the clock costs more than a verification that is remembered.
  const batch = 50
  while (performance.now() - started < turnMs) {
    for (let call = 0; call < batch; call++) {
      const pending = turn()
      if (pending !== undefined) await pending
    }
    count += batch
  }
  return (count * 1000) / (performance.now() - started)
}

const contenders = { ...contendersFor('ES256'), ...contendersFor('EdDSA') }
const measured = await interleave(
  { rounds, warmUpRounds: 1 },
  Object.fromEntries(
    Object.entries(contenders).map(([name, turn]) => [name, () => measure(turn)] as const),
  ),
)
console.log(JSON.stringify(measured))
