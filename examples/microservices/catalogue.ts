// The catalogue, on Express: products for everybody, prices for users, new prices by clerks and administrators.

import { once } from 'node:events'
import { expressGuards } from '@countersign/verify/express'
import express from 'express'
import { openVerifier } from './verifier.ts'

const verifier = await openVerifier(process.env)
const { requireAuth, requireRole } = expressGuards(verifier, {
  roles: ['customer', 'clerk', 'admin'],
})
const prices = new Map([
  ['lamp', 4900],
  ['chair', 18_900],
])

const app = express()
app.disable('x-powered-by')
app.get('/health', (_req, res) => {
  res.json(verifier.status())
})
app.get('/products', (_req, res) => {
  res.json({ products: [...prices.keys()] })
})
app.get('/prices/:product', requireAuth, (req, res) => {
  const cents = prices.get(req.params['product'] ?? '')
  if (cents === undefined) res.status(404).json({ message: 'There is no such product' })
  else res.json({ cents })
})
app.put(
  '/prices/:product',
  requireRole('clerk', 'admin'),
  express.json({ limit: '10kb' }),
  (req, res) => {
    const { cents }: { cents?: unknown } = req.body ?? {}
    if (typeof cents !== 'number' || !Number.isInteger(cents) || cents < 0) {
      res.status(400).json({ message: 'A price is a whole number of cents' })
      return
    }
    prices.set(req.params['product'] ?? '', cents)
    res.status(204).end()
  },
)

const server = app.listen(Number(process.env['PORT'] ?? 4001), '127.0.0.1')
await once(server, 'listening')
console.log('The catalogue is open')

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    verifier.close()
    server.close()
    server.closeIdleConnections()
  })
}
