// Notes on Hono 4: accounts and tokens by Countersign, the notes its own.

import { createCountersign } from '@countersign/server'
import { honoGuards } from '@countersign/server/hono'
import { serve } from '@hono/node-server'
import { getConnInfo } from '@hono/node-server/conninfo'
import { Hono } from 'hono'

const { PORT = '3000', DATA = './data', TRUSTED_PROXIES = '0', PREFIX = '' } = process.env

const auth = await createCountersign({
  port: PORT,
  databaseUrl: `sqlite:${DATA}/accounts.db`,
  trustedProxies: TRUSTED_PROXIES,
  adminUsername: process.env['ADMIN_USERNAME'],
  adminPassword: process.env['ADMIN_PASSWORD'],
})
const { requireAuth, requireRole } = honoGuards(auth)
const notes: { readonly userId: string; readonly text: string }[] = []

const app = new Hono()
app.all(`${PREFIX}/api/*`, (c) => {
  const { address } = getConnInfo(c).remote
  const url = new URL(c.req.url)
  url.pathname = url.pathname.slice(PREFIX.length)
  const request = PREFIX === '' ? c.req.raw : new Request(url, c.req.raw)
  return auth.fetch(request, address === undefined ? {} : { remoteAddress: address })
})

app.get('/notes', requireAuth, (c) => {
  const own = notes.filter(({ userId }) => userId === c.var.user.userId)
  return c.json({ notes: own })
})
app.post('/notes', requireAuth, async (c) => {
  const { text } = await c.req.json<{ text?: unknown }>()
  if (typeof text !== 'string') return c.json({ message: 'A note has a text' }, 400)
  const note = { userId: c.var.user.userId, text }
  notes.push(note)
  return c.json(note, 201)
})
app.get('/statistics', requireRole('admin'), (c) => c.json({ notes: notes.length }))
app.notFound((c) => c.json({ message: 'No such page' }, 404))
app.onError((error, c) => {
  const isBadJson = error instanceof SyntaxError
  return c.json({ message: error.message }, isBadJson ? 400 : 500)
})

const address = { port: Number(PORT), hostname: '127.0.0.1' }
const server = serve({ fetch: app.fetch, ...address }, () => {
  console.log(`The notes are open: ${auth.settings.publicUrl}`)
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    server.close(() => void auth.close())
    auth.endStreams()
    if ('closeIdleConnections' in server) server.closeIdleConnections()
  })
}
