// A worker as its users write it: one verifier for all requests.

import { Hono } from 'hono'
import { honoGuards } from '../../packages/verify/src/hono.ts'
import { checkVectors, type Vectors } from '../../packages/verify/src/web-check.fixture.ts'
import { createVerifier } from '../../packages/verify/src/web.ts'

/** Put in by the bundler. */
declare const GIVEN: string
const { url, credential, vectors } = JSON.parse(GIVEN) as {
  url: string
  credential: { id: string; secret: string }
  vectors: Vectors
}

const verifier = createVerifier({
  issuer: url,
  audience: url,
  // So short that requests at the same time find keys and revocations to be renewed.
  maxKeyAgeSeconds: 0.2,
  keyCoolDownSeconds: 0.1,
  revocations: { credential, onStale: 'refuse', follow: 'poll', pollSeconds: 0.1 },
})
const { requireAuth } = honoGuards(verifier)

const app = new Hono()
app.get('/vectors', async (c) => c.json(await checkVectors(vectors)))
app.get('/user', requireAuth, (c) => c.json({ of: c.var.user.userId }))
export default app
