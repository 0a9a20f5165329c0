// A small shop on Express 5: accounts and tokens by Countersign, everything else its own.

import { once } from 'node:events'
import { createCountersign } from '@countersign/server'
import { createApplication } from './application.ts'
import { openOrders } from './orders.ts'

const { PORT = '3000', PUBLIC_URL, DATA = './data', TRUSTED_PROXIES = '0' } = process.env

const auth = await createCountersign({
  port: PORT,
  publicUrl: PUBLIC_URL,
  databaseUrl: `sqlite:${DATA}/accounts.db`,
  // The first is what a new account gets.
  roles: ['customer', 'clerk', 'admin'],
  adminUsername: process.env['ADMIN_USERNAME'],
  adminPassword: process.env['ADMIN_PASSWORD'],
  onEvent: ({ type, subjectId, ip }) => {
    if (type === 'session.theft') console.warn(`A stolen token of ${subjectId} came from ${ip}`)
  },
})
const orders = openOrders(`${DATA}/orders.db`)

const app = createApplication(auth, orders)
app.set('trust proxy', Number(TRUSTED_PROXIES))
const server = app.listen(Number(PORT), '127.0.0.1')
await once(server, 'listening')
console.log(`The shop is open: ${auth.settings.publicUrl}, its API at /api/docs`)

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    server.close(() => void auth.close().then(() => orders.close()))
    auth.endStreams()
    server.closeIdleConnections()
  })
}
