// Orders, on Fastify: users see their own, administrators all. Prices come from the catalogue, in the user's name.

import { fastifyGuards } from '@countersign/verify/fastify'
import Fastify from 'fastify'
import { openVerifier } from './verifier.ts'

interface Order {
  readonly userId: string
  readonly product: string
  readonly cents: number
}

const { PORT = '4002', CATALOGUE = 'http://localhost:4001' } = process.env
const verifier = await openVerifier(process.env)
const { requireAuth, requireRole } = fastifyGuards(verifier, {
  roles: ['customer', 'clerk', 'admin'],
})
const orders: Order[] = []

const app = Fastify()
app.get('/health', () => verifier.status())
app.get('/orders', { onRequest: requireAuth }, (request) => ({
  orders: orders.filter(({ userId }) => userId === request.user?.userId),
}))
app.get('/orders/all', { onRequest: requireRole('admin') }, () => ({ orders }))
app.post<{ Body: { product?: unknown } | null }>(
  '/orders',
  { onRequest: requireAuth },
  async (request, reply) => {
    const { product } = request.body ?? {}
    if (typeof product !== 'string') return reply.code(400).send({ message: 'Name a product' })
    const answer = await fetch(`${CATALOGUE}/prices/${encodeURIComponent(product)}`, {
      headers: { authorization: request.headers.authorization ?? '' },
    })
    if (!answer.ok)
      return reply.code(answer.status === 404 ? 400 : 502).send({ message: 'No price' })
    const { cents } = (await answer.json()) as { cents: number }
    const order = { userId: request.user?.userId ?? '', product, cents }
    orders.push(order)
    return reply.code(201).send(order)
  },
)

await app.listen({ port: Number(PORT), host: '127.0.0.1' })
console.log('Orders are open')

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    verifier.close()
    void app.close()
  })
}
