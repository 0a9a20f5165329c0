import assert from 'node:assert/strict'
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { IssuerServer } from './issuer/issuer-server.fixture.ts'
import { FeedServer } from './revocations/feed-server.fixture.ts'
import { CLAIMS, createSigningKey } from './tokens/issuer.fixture.ts'
import { OUTAGES, TOKEN_FAILURES } from './tokens/token-failure.ts'

const folder = fileURLToPath(new URL('..', import.meta.url))
const readme = readFileSync(`${folder}/README.md`, 'utf8')
const run = promisify(execFile)

/** The examples by the headings they stand under. */
const examples = new Map(
  readme.split('\n## ').flatMap((section) => {
    const code = /```ts\n(.*?)```/s.exec(section)?.[1]
    return code === undefined ? [] : [[section.split('\n')[0] ?? '', code] as const]
  }),
)
const executed = new Set<string>()

let issuer: IssuerServer
let feed: FeedServer
const audience = 'https://api.example.com'
const secret = 'a secret with 32 bytes or more in it'

before(async () => {
  issuer = await IssuerServer.start()
  feed = new FeedServer(issuer, Date.now, { id: 'orders', secret })
})
after(() => issuer.close())

/** A token for this API, good from now on. */
function issue(claims: object = {}): string {
  const iat = Math.floor(Date.now() / 1000)
  return issuer.sign({ aud: audience, iat, exp: iat + 60, ...claims })
}

/** The example as it stands, but for the issuer's address and the port. From this folder the package's name is its source. */
function programOf(heading: string, port = 0): { args: string[]; options: object } {
  executed.add(heading)
  const source = (examples.get(heading) ?? '')
    .replaceAll('https://auth.example.com', issuer.url)
    .replaceAll('4000', String(port))
  const args = ['--conditions=@countersign/source', '--input-type=module', '--eval', source, '--']
  const kid = 'key-hs'
  const env = {
    ...process.env,
    SERVICE_ID: 'orders',
    SERVICE_SECRET: secret,
    JWT_SECRET: secret,
    JWT_KID: kid,
  }
  return { args, options: { cwd: folder, env } }
}

async function outputOf(heading: string, token: string): Promise<string[]> {
  const { args, options } = programOf(heading)
  const { stdout } = await run(process.execPath, [...args, 'example', token], {
    ...options,
    encoding: 'utf8',
  })
  return stdout.trim().split('\n')
}

async function freePort(): Promise<number> {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port }: AddressInfo = Object(server.address())
  server.close()
  await once(server, 'close')
  return port
}

/** Starts a server example and waits until it answers. */
async function serve(heading: string): Promise<{ url: string; child: ChildProcess }> {
  const port = await freePort()
  const { args, options } = programOf(heading, port)
  const child = spawn(process.execPath, args, {
    ...options,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const url = `http://localhost:${port}`
  for (;;) {
    assert.equal(child.exitCode, null, `${heading} has ended`)
    const isUp = await fetch(url).then(
      () => true,
      () => false,
    )
    if (isUp) return { url, child }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function get(url: string, token?: string): Promise<{ status: number; body: unknown }> {
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {}
  const response = await fetch(url, { headers })
  return { status: response.status, body: await response.json() }
}

describe('the README', () => {
  test('explains every reason, in their order', () => {
    const section = readme.split('## Why a token is refused')[1]?.split('\n## ')[0] ?? ''
    const explained = [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, reason]) => reason)
    assert.deepEqual(explained, [...TOKEN_FAILURES])
    for (const outage of OUTAGES) assert.ok(section.includes(`\`${outage}\``))
  })

  for (const heading of ['In Express', 'In Fastify', 'In Hono', 'In node:http']) {
    test(`works as it says: ${heading}`, async () => {
      const { url, child } = await serve(heading)
      const orders = await get(`${url}/orders`, issue())
      assert.deepEqual(orders, { status: 200, body: { of: CLAIMS.sub } })
      assert.equal((await get(`${url}/orders`)).status, 401)
      assert.equal((await get(`${url}/orders`, issue({ exp: 1 }))).status, 401)
      if (heading !== 'In node:http') {
        assert.equal((await get(`${url}/reports`, issue())).status, 403)
        assert.equal((await get(`${url}/reports`, issue({ roles: ['admin'] }))).status, 200)
      }
      if (heading === 'In Express') {
        const now = Math.floor(Date.now() / 1000)
        assert.equal((await get(`${url}/export`, issue())).status, 403)
        assert.equal((await get(`${url}/export`, issue({ scope: 'orders:read' }))).status, 200)
        assert.equal((await get(`${url}/keys`, issue())).status, 401)
        assert.equal((await get(`${url}/keys`, issue({ auth_time: now }))).status, 200)
      }
      child.kill()
      await once(child, 'exit')
    })
  }

  test('works as it says: With no framework', async () => {
    assert.deepEqual(await outputOf('With no framework', issue()), [CLAIMS.sub])
    assert.deepEqual(await outputOf('With no framework', issue({ exp: 1 })), ['expired'])
  })

  test('works as it says: Revocations', async () => {
    feed.revoke({ session: 'ended', at: Math.floor(Date.now() / 1000) })
    assert.deepEqual(await outputOf('Revocations', issue()), [CLAIMS.sub, 'current'])
    assert.deepEqual(await outputOf('Revocations', issue({ sid: 'ended' })), ['revoked', 'current'])
  })

  test('works as it says: Keys that are at hand', async () => {
    const key = createSigningKey('HS256', 'key-hs', secret)
    const iat = Math.floor(Date.now() / 1000)
    const token = issuer.sign({ aud: audience, iat, exp: iat + 60 }, key)
    assert.deepEqual(await outputOf('Keys that are at hand', token), [CLAIMS.sub])
    assert.deepEqual(await outputOf('Keys that are at hand', issue()), ['unknown_key'])
  })

  test('works as it says: Bun, Deno, Workers, browsers', async () => {
    const heading = 'Bun, Deno, Workers, browsers'
    executed.add(heading)
    const source = (examples.get(heading) ?? '')
      .replaceAll('https://auth.example.com', issuer.url)
      .replace('export default app', '')
    const request = `
      const headers = { authorization: 'Bearer ' + process.argv.at(-1) }
      const response = await app.request('/orders', { headers })
      console.log(response.status, await response.text())`
    const args = ['--conditions=@countersign/source', '--input-type=module', '--eval']
    const { stdout } = await run(
      process.execPath,
      [...args, source + request, '--', 'example', issue()],
      { cwd: folder },
    )
    assert.equal(stdout.trim(), `200 {"of":"${CLAIMS.sub}"}`)
  })

  after(() => {
    assert.deepEqual([...examples.keys()].sort(), [...executed].sort(), 'every example is executed')
  })
})
