// Notes on Fastify 5: accounts and tokens by Countersign, the notes its own.

import { createCountersign } from '@countersign/server'
import { countersignRoutes, fastifyGuards } from '@countersign/server/fastify'
import Fastify, { type FastifyInstance } from 'fastify'

const { PORT = '3000', DATA = './data', TRUSTED_PROXY, PREFIX = '' } = process.env

const auth = await createCountersign({
  port: PORT,
  databaseUrl: `sqlite:${DATA}/accounts.db`,
  adminUsername: process.env['ADMIN_USERNAME'],
  adminPassword: process.env['ADMIN_PASSWORD'],
})
const { requireAuth, requireRole } = fastifyGuards(auth)
const notes: { readonly userId: string; readonly text: string }[] = []

const app: FastifyInstance = Fastify({ trustProxy: TRUSTED_PROXY ?? false })
await app.register(countersignRoutes(auth), { prefix: `${PREFIX}/api` })

app.get('/notes', { onRequest: requireAuth }, (request, reply) =>
  reply.send({ notes: notes.filter(({ userId }) => userId === request.user?.userId) }),
)
app.post<{ Body: { text?: unknown } }>('/notes', { onRequest: requireAuth }, (request, reply) => {
  const { text } = request.body ?? {}
  if (typeof text !== 'string') return reply.code(400).send({ message: 'A note has a text' })
  const note = { userId: request.user?.userId ?? '', text }
  notes.push(note)
  return reply.code(201).send(note)
})
app.get('/statistics', { onRequest: requireRole('admin') }, (_request, reply) =>
  reply.send({ notes: notes.length }),
)
app.setNotFoundHandler((_request, reply) => reply.code(404).send({ message: 'No such page' }))
app.setErrorHandler<{ statusCode?: number; message: string }>((error, _request, reply) =>
  reply.code(error.statusCode ?? 500).send({ message: error.message }),
)

await app.listen({ port: Number(PORT), host: '127.0.0.1' })
console.log(`The notes are open: ${auth.settings.publicUrl}`)

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    auth.endStreams()
    void app.close().then(() => auth.close())
  })
}
