// The three processes, with a network between the issuer and its services that can fail.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pipeline } from 'node:stream'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'
import type { VerifierStatus } from '@countersign/verify'
import {
  bearer,
  createSite,
  password,
  type Site,
  type SiteAnswer,
} from '../../packages/server/src/library.fixture.ts'
import { startProxy, type TcpProxy } from '../../tools/tcp-proxy.fixture.ts'
import { findFreePort, launch, type Running } from '../process.fixture.ts'

const program = join(import.meta.dirname, '../../packages/countersign/bin/countersign.js')

export interface Service extends Running {
  call(path: string, token?: string): Promise<SiteAnswer>
  readonly health: () => Promise<VerifierStatus>
}

export interface Landscape {
  readonly issuer: Running
  /** Between the issuer and its services; whoever signs in goes past it. */
  readonly network: TcpProxy
  readonly gateway: Gateway
  readonly catalogue: Service
  readonly orders: Service
  /** Somebody with a cookie jar of their own. */
  readonly visit: () => Site
}

/** Before the issuer: lets through what it is told to, and counts what services ask about single tokens. */
export interface Gateway {
  readonly port: number
  /** Begins of paths that are answered with a 502. */
  readonly refused: Set<string>
  readonly introspections: () => number
}

type Variables = Readonly<Record<string, string>>

/** @param more what each service is told beside where its issuer is */
export async function openLandscape(
  t: TestContext,
  more: { readonly catalogue?: Variables; readonly orders?: Variables } = {},
): Promise<Landscape> {
  const port = await findFreePort()
  const gateway = await startGateway(t, port)
  const network = await startProxy(t, gateway.port)
  const issuerUrl = `http://localhost:${network.port}`
  const issuer = await launch(t, {
    script: program,
    words: ['start'],
    ready: /Ctrl-C/,
    port,
    variables: {
      PUBLIC_URL: issuerUrl,
      HOST: '127.0.0.1',
      ROLES: 'customer,clerk,admin',
      ADMIN_USERNAME: 'root',
      ADMIN_PASSWORD: password,
    },
  })
  const open = async (name: string, ready: RegExp, variables: Variables = {}): Promise<Service> => {
    const credential = await addService(issuer, name)
    const script = `microservices/${name}.ts`
    const all = { ISSUER: issuerUrl, ...credential, ...variables }
    return toService(await launch(t, { script, ready, variables: all }))
  }
  const catalogue = await open('catalogue', /The catalogue is open/, more.catalogue)
  const orders = await open('orders', /Orders are open/, {
    CATALOGUE: catalogue.url,
    ...more.orders,
  })
  const visit = (): Site => createSite(`http://127.0.0.1:${port}`, fetch)
  return { issuer, network, gateway, catalogue, orders, visit }
}

async function startGateway(t: TestContext, issuerPort: number): Promise<Gateway> {
  const refused = new Set<string>()
  let introspections = 0
  const server = createServer((asked, answered) => {
    const path = asked.url ?? '/'
    if (path === '/api/auth/introspect') introspections++
    if ([...refused].some((begin) => path.startsWith(begin))) {
      answered.writeHead(502).end()
      return
    }
    const { method, headers } = asked
    const options = { host: '127.0.0.1', port: issuerPort, path, method, headers }
    const passed = request(options, (answer) => {
      answered.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
      answered.flushHeaders()
      pipeline(answer, answered, () => undefined)
    })
    passed.once('error', () => answered.destroy())
    answered.once('close', () => passed.destroy())
    asked.pipe(passed)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { port, refused, introspections: () => introspections }
}

function toService(running: Running): Service {
  const site = createSite(running.url.replace('localhost', '127.0.0.1'), fetch)
  return {
    ...running,
    call: (path, token) => site.call('GET', path, token === undefined ? {} : bearer(token)),
    health: async () => (await site.call('GET', '/health')).json(),
  }
}

async function addService({ directory }: Running, name: string): Promise<Variables> {
  const words = [program, 'services', 'add', name, '--json']
  const env = { PATH: process.env['PATH'], HOME: directory }
  const { stdout } = await promisify(execFile)(process.execPath, words, { cwd: directory, env })
  const { id, secret } = JSON.parse(stdout) as { id?: string; secret?: string }
  assert.ok(id !== undefined && secret !== undefined)
  return { SERVICE_ID: id, SERVICE_SECRET: secret }
}
