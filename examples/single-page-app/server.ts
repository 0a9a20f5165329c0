// A single-page application: its page, its API and Countersign on one origin.

import { once } from 'node:events'
import { createCountersign } from '@countersign/server'
import { createApplication } from './application.ts'
import { bundlePage } from './bundle-page.ts'

const { PORT = '3000', PUBLIC_URL, DATA = './data' } = process.env

const auth = await createCountersign({
  port: PORT,
  publicUrl: PUBLIC_URL,
  databaseUrl: `sqlite:${DATA}/accounts.db`,
})
const server = createApplication(auth, await bundlePage()).listen(Number(PORT), '127.0.0.1')
await once(server, 'listening')
console.log(`Open ${auth.settings.publicUrl} in two tabs`)

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    server.close(() => void auth.close())
    auth.endStreams()
    server.closeIdleConnections()
  })
}
