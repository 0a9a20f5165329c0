// @countersign/verify/web on the runtimes that it is meant for, each the real one.

import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { IssuerServer } from '../../packages/verify/src/issuer/issuer-server.fixture.ts'
import {
  CREDENTIAL,
  FeedServer,
} from '../../packages/verify/src/revocations/feed-server.fixture.ts'
import { freePort, programOf, whyNot } from './runtime.fixture.ts'

const run = promisify(execFile)
const here = import.meta.dirname
const vectorsFile = resolve(here, '../vectors/access-tokens.json')
const skip = whyNot() ?? false
if (skip !== false) console.log(`Bun, Deno and Workers are not tried: ${skip}.`)

let issuer: IssuerServer
let tokens: string[]

before(async () => {
  issuer = await IssuerServer.start()
  const feed = new FeedServer(issuer, Date.now)
  const iat = Math.floor(Date.now() / 1000)
  feed.revoke({ session: 'ended', at: iat })
  const times = { iat, exp: iat + 3600 }
  tokens = [
    issuer.sign(times),
    issuer.sign({ ...times, sid: 'ended' }),
    issuer.sign({ ...times, exp: iat - 1 }),
  ]
})
after(() => issuer.close())

describe('the door for the web', { skip }, () => {
  for (const [runtime, flags] of [
    ['bun', ['run']],
    ['deno', ['run', '--allow-all', '--no-check']],
  ] as const) {
    test(`gives every vector its reason, and follows an issuer, on ${runtime}`, async () => {
      const program = await programOf(runtime)
      const given = { vectors: vectorsFile, url: issuer.url, credential: CREDENTIAL, tokens }
      const script = join(here, 'check-everything.fixture.ts')
      const { stdout } = await run(program, [...flags, script, JSON.stringify(given)])
      const { vectors, issuer: found } = JSON.parse(stdout)
      assert.ok(vectors.checked > 200)
      assert.deepEqual(vectors.wrong, [])
      assert.deepEqual(found.outcomes, ['accepted', 'revoked', 'expired'])
      assert.deepEqual(found.statuses, [200, 401, 401])
    })
  }

  describe('on Workers', () => {
    let worker: ChildProcess
    let folder: string
    let url: string
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'countersign-worker-'))
      const port = await freePort()
      url = `http://127.0.0.1:${port}`
      worker = await startWorker(folder, port)
    })
    after(async () => {
      worker.kill()
      if (worker.exitCode === null) await once(worker, 'exit')
      await rm(folder, { recursive: true })
    })

    test('gives every vector its reason', async () => {
      const response = await fetch(`${url}/vectors`)
      const { checked, wrong } = (await response.json()) as { checked: number; wrong: string[] }
      assert.ok(checked > 200)
      assert.deepEqual(wrong, [])
    })

    test('answers many requests at once, though none may wait for the work of another', async () => {
      const renewed = issuer.count('/jwks')
      do {
        const statuses = await Promise.all(
          Array.from({ length: 30 }, async (_, n) => {
            const headers = { authorization: `Bearer ${tokens[n % 3]}` }
            const { status } = await fetch(`${url}/user`, { headers })
            return status
          }),
        )
        assert.deepEqual(
          statuses,
          Array.from({ length: 30 }, (_, n) => (n % 3 === 0 ? 200 : 401)),
        )
        // Until the keys have been renewed under load, more than once.
      } while (issuer.count('/jwks') < renewed + 3)
    })
  })
})

/** Bundled as its users do it, and served by the runtime itself. */
async function startWorker(folder: string, port: number): Promise<ChildProcess> {
  const vectors = JSON.parse(await readFile(vectorsFile, 'utf8'))
  const given = JSON.stringify({ url: issuer.url, credential: CREDENTIAL, vectors })
  await build({
    entryPoints: [join(here, 'worker.fixture.ts')],
    outfile: join(folder, 'worker.mjs'),
    bundle: true,
    format: 'esm',
    target: 'es2024',
    define: { GIVEN: JSON.stringify(given) },
    logLevel: 'silent',
  })
  await writeFile(
    join(folder, 'config.capnp'),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["public", "private", "local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed "worker.mjs")],
  compatibilityDate = "2025-09-01",
);
`,
  )
  const program = await programOf('workerd')
  const worker = spawn(program, ['serve', join(folder, 'config.capnp')], { stdio: 'inherit' })
  for (;;) {
    assert.equal(worker.exitCode, null, 'the runtime has ended')
    const isUp = await fetch(`http://127.0.0.1:${port}/`).then(
      () => true,
      () => false,
    )
    if (isUp) return worker
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
