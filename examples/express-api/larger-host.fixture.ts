// The shop as a part of a larger application, which parses bodies first and stands behind a proxy.

import { once } from 'node:events'
import { createCountersign } from '@countersign/server'
import express, { type ErrorRequestHandler } from 'express'
import { createApplication } from './application.ts'
import { openOrders } from './orders.ts'

const { PORT = '0', DATA = '.' } = process.env
const auth = await createCountersign({
  databaseUrl: `sqlite:${DATA}/accounts.db`,
  roles: ['customer', 'clerk', 'admin'],
  adminUsername: process.env['ADMIN_USERNAME'],
  adminPassword: process.env['ADMIN_PASSWORD'],
  onEvent: ({ type, ip }) => console.log(`event ${type} from ${ip}`),
})
const orders = openOrders(`${DATA}/orders.db`)
const app = express()
app.set('trust proxy', 1)
app.use(express.json(), express.urlencoded())
app.use('/shop', createApplication(auth, orders))
app.get('/users', (_req, res) => {
  res.send('the larger host has users of its own')
})
const reportError: ErrorRequestHandler = (error, _req, res, _next) => {
  res.status(error?.status ?? 500).json({ message: `${error?.message}` })
}
app.use(reportError)
const server = app.listen(Number(PORT), '127.0.0.1')
await once(server, 'listening')
console.log('The shop is open')
process.once('SIGTERM', () => {
  server.close(() => void auth.close().then(() => orders.close()))
  auth.endStreams()
  server.closeIdleConnections()
})
