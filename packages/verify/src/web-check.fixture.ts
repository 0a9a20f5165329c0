// Runs where there is no Node: in Chromium, and in a Node that refuses every module of its own. Nothing is imported but
// the doors that are meant for such places.

import { Hono } from 'hono'
import { honoGuards } from './hono.ts'
import { createLocalVerifier, createVerifier, importJwks, importVerificationKey } from './web.ts'

interface Vector {
  name: string
  token: string
  claims?: unknown
  reason?: string
}

export interface Vectors {
  now: number
  issuer: string
  audience: string
  jwks: { keys: object[] }
  valid: Vector[]
  invalid: Vector[]
  sharedSecret: { kid: string; secret: string; valid: Vector[]; invalid: Vector[] }
}

/** What came out differently than the vectors say, and how many were held against it. */
export async function checkVectors(
  vectors: Vectors,
): Promise<{ checked: number; wrong: readonly string[] }> {
  const { now, issuer, audience, jwks, sharedSecret } = vectors
  const common = { issuer, audience, clock: () => now * 1000 }
  const k = btoa(sharedSecret.secret).replace(/=+$/, '')
  const secret = await importVerificationKey({ kty: 'oct', alg: 'HS256', kid: sharedSecret.kid, k })
  const byKeys = createLocalVerifier({ ...common, findKey: await importJwks(jwks) })
  const bySecret = createLocalVerifier({ ...common, findKey: () => secret })
  const wrong: string[] = []
  let checked = 0
  for (const [{ verify }, { valid, invalid }] of [
    [byKeys, vectors],
    [bySecret, sharedSecret],
  ] as const) {
    for (const { name, token, claims, reason } of [...valid, ...invalid]) {
      const outcome = await verify(token)
      const isRight = outcome.ok
        ? sorted(outcome.claims) === sorted(claims)
        : outcome.reason === reason
      if (!isRight) wrong.push(`${name}: ${JSON.stringify(outcome)}`)
      checked++
    }
  }
  return { checked, wrong }
}

function sorted(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}

/** Discovers an issuer, follows its revocations and guards a route; answers what each token meets. */
export async function checkIssuer(
  issuer: string,
  credential: { id: string; secret: string },
  tokens: readonly string[],
): Promise<{ outcomes: readonly string[]; statuses: readonly number[]; revocations: unknown }> {
  const verifier = createVerifier({
    issuer,
    audience: issuer,
    revocations: { credential, onStale: 'refuse' },
  })
  await verifier.ready()
  const app = new Hono()
  app.get('/', honoGuards(verifier).requireAuth, (c) => c.json(c.var.user))
  const outcomes: string[] = []
  const statuses: number[] = []
  for (const token of tokens) {
    const verification = await verifier.verify(token)
    outcomes.push(verification.ok ? 'accepted' : verification.reason)
    const response = await app.request('/', { headers: { authorization: `Bearer ${token}` } })
    statuses.push(response.status)
  }
  const { revocations } = verifier.status()
  verifier.close()
  return { outcomes, statuses, revocations }
}
