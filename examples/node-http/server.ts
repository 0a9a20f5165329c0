// Notes on node:http alone: accounts and tokens by Countersign, the notes its own.

import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import { createCountersign } from '@countersign/server'
import { nodeGuards } from '@countersign/server/node'

const { PORT = '3000', DATA = './data', TRUSTED_PROXIES = '0', PREFIX = '' } = process.env

const auth = await createCountersign({
  port: PORT,
  databaseUrl: `sqlite:${DATA}/accounts.db`,
  trustedProxies: TRUSTED_PROXIES,
  adminUsername: process.env['ADMIN_USERNAME'],
  adminPassword: process.env['ADMIN_PASSWORD'],
})
const { requireAuth, requireRole } = nodeGuards(auth)
const requireAdmin = requireRole('admin')
const notes: { readonly userId: string; readonly text: string }[] = []

async function answerOwn(request: IncomingMessage, response: ServerResponse): Promise<void> {
  switch (`${request.method} ${request.url}`) {
    case 'GET /notes': {
      const user = await requireAuth(request, response)
      if (user) send(response, 200, { notes: notes.filter((note) => note.userId === user.userId) })
      return
    }
    case 'POST /notes': {
      const user = await requireAuth(request, response)
      if (!user) return
      const { text } = (await json(request)) as { text?: unknown }
      if (typeof text !== 'string') return send(response, 400, { message: 'A note has a text' })
      const note = { userId: user.userId, text }
      notes.push(note)
      return send(response, 201, note)
    }
    case 'GET /statistics':
      if (await requireAdmin(request, response)) send(response, 200, { notes: notes.length })
      return
    default:
      send(response, 404, { message: 'No such page' })
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

const server = createServer((request, response) => {
  const original = request.url ?? '/'
  // As Express does where it mounts: the path below the prefix, and the whole one beside it.
  if (PREFIX !== '' && original.startsWith(`${PREFIX}/api/`)) {
    Object.assign(request, { originalUrl: original, url: original.slice(`${PREFIX}/api`.length) })
  }
  auth.handler(request, response, () => {
    answerOwn(request, response).catch((error: unknown) => {
      const isBadJson = error instanceof SyntaxError
      send(response, isBadJson ? 400 : 500, { message: isBadJson ? error.message : 'Failed' })
    })
  })
})
await once(server.listen(Number(PORT), '127.0.0.1'), 'listening')
console.log(`The notes are open: ${auth.settings.publicUrl}`)

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    server.close(() => void auth.close())
    auth.endStreams()
    server.closeIdleConnections()
  })
}
