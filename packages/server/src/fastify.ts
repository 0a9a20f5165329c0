// Door: the routes as a Fastify plugin, and guards for the application's own routes.

import { type FastifyGuards, fastifyGuards as guardsOf } from '@countersign/verify/fastify'
import type { FastifyInstance } from 'fastify'
import type { Countersign } from './create-countersign.ts'
import { currentUsers } from './library/current-users.ts'
import { toOriginForm } from './routing/fetch-handler.ts'

export type { FastifyGuard, FastifyGuards } from '@countersign/verify/fastify'

/**
 * The routes of one Countersign: `app.register(countersignRoutes(auth), { prefix: '/api' })`. Fastify hands the request
 * over with its body unread, whatever the application parses elsewhere, and with the address that its `trustProxy` found.
 */
export function countersignRoutes(
  auth: Pick<Countersign, 'handler'>,
): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    // A plugin's parsers are its own: the application's stay as they are.
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_request, _payload, done) => done(null))
    const prefix = matchPrefix(app.prefix)
    app.all('/*', (request, reply) => {
      reply.hijack()
      const { raw } = request
      const originalUrl = raw.url ?? '/'
      Object.assign(raw, { originalUrl, ip: request.ip })
      raw.url = toOriginForm(originalUrl).replace(prefix, '') || '/'
      auth.handler(raw, reply.raw)
      // The handler has seen it; the application's hooks see what came.
      raw.url = originalUrl
    })
  }
}

/** As many segments as the prefix has: one of them may be a parameter. An empty one is no segment of it. */
function matchPrefix(prefix: string): RegExp {
  const depth = prefix.split('/').filter((segment) => segment !== '').length
  return new RegExp(`^(?:/[^/?]+){${depth}}`)
}

/**
 * The guards of one Countersign: `app.get('/orders', { onRequest: requireAuth }, handler)`. The account is read for each
 * request, so a disabled user or a changed role counts at once; `requireRole` throws when a role is not configured.
 */
export function fastifyGuards(auth: Pick<Countersign, 'authenticate' | 'settings'>): FastifyGuards {
  return guardsOf(currentUsers(auth), { roles: auth.settings.roles })
}
