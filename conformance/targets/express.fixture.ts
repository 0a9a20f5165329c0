import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Countersign, createCountersign, type Logger } from '@countersign/server'
import { readEnvironment } from '@countersign/server/config'
import { expressGuards } from '@countersign/server/express'
import express, { type ErrorRequestHandler, type Express } from 'express'
import type { HostParts, StartedDoor, Variables } from './target.fixture.ts'

export interface MountParts extends HostParts {
  /** Whether express.json() runs first and leaves us a value instead of bytes. */
  readonly parsesBodies: boolean
}

/** A host application on a real port, with the library in it and a few routes of its own. */
export async function mountInExpress(
  variables: Variables,
  { parsesBodies, ...parts }: MountParts,
): Promise<StartedDoor> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const lines: string[] = []
  const { options } = readEnvironment([{ name: 'the test', variables }])
  const auth = await createCountersign({ ...options, port, ...parts, logger: keepLines(lines) })
  server.on('request', createHost(auth, parsesBodies))
  return {
    port,
    log: () => lines.join('\n'),
    stop: async () => {
      server.close()
      server.closeAllConnections()
      await auth.close()
    },
  }
}

function createHost(auth: Countersign, parsesBodies: boolean): Express {
  const { requireAuth, requireRole } = expressGuards(auth)
  const app = express()
  if (parsesBodies) {
    app.use(express.json(), express.urlencoded())
    // As README.md shows it; Express then strips the prefix from the URL.
    app.use('/api', auth.handler)
  }
  app.use(auth.handler)
  app.get('/host/user', requireAuth, (request, response) => {
    response.json(request.user)
  })
  app.get('/host/admin', requireRole('admin'), (request, response) => {
    response.json({ username: request.user?.username })
  })
  app.use((_request, response) => {
    response.status(404).json({ host: 'Resource not found' })
  })
  app.use(explain)
  return app
}

const explain: ErrorRequestHandler = (error: { status?: number }, _request, response, _next) => {
  response.status(error.status ?? 500).json({ host: 'The host refused the request' })
}

function keepLines(lines: string[]): Logger {
  const keep =
    (level: string) =>
    (fields: object, message: string): void => {
      lines.push(JSON.stringify({ level, ...fields, msg: message }))
    }
  return { debug: keep('debug'), info: keep('info'), warn: keep('warn'), error: keep('error') }
}
