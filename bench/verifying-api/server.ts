// An API on Express with one route, behind requireAuth or not: GET /api/users, so that the loads of the bench fit.

import { writeFileSync } from 'node:fs'
import { createVerifier } from '@countersign/verify'
import { expressGuards } from '@countersign/verify/express'
import express, { type RequestHandler } from 'express'

const { ISSUER = '', ISSUER_URL = '', SERVICE_ID = '', SERVICE_SECRET = '' } = process.env
const app = express()
const guards: RequestHandler[] = []
if (process.env['GUARDED'] === 'yes') {
  const verifier = createVerifier({
    issuer: ISSUER,
    audience: ISSUER,
    jwksUri: `${ISSUER_URL}/.well-known/jwks.json`,
    revocations: {
      credential: { id: SERVICE_ID, secret: SERVICE_SECRET },
      onStale: 'refuse',
      url: `${ISSUER_URL}/api/auth/revocations`,
    },
    onProblem: (problem) => writeFileSync(process.stderr.fd, `${problem.message}\n`),
  })
  await verifier.ready()
  guards.push(expressGuards(verifier).requireAuth)
}
app.get('/api/users', ...guards, (_req, res) => {
  res.json({ orders: [{ id: 'b5f1c0de', product: 'Desk lamp', cents: 4900, shipped: false }] })
})
app.listen(Number(process.env['PORT']), '127.0.0.1')
process.once('SIGTERM', () => process.exit(0))
