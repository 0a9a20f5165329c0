// The packages as they are installed, on the runtimes that they are meant for, each the real one, against a Countersign
// that runs as a process. `npm run servers` fetches the runtimes; one that is missing is skipped, and says so.

import assert from 'node:assert/strict'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import * as ownDoor from '@countersign/verify'
import {
  installPackages,
  type Packed,
  packPackages,
  type Project,
} from '../../tools/publishing/installed.fixture.ts'
import { run, succeed } from '../../tools/publishing/run.fixture.ts'
import {
  findOrExplain,
  findRuntime,
  type RuntimeName,
  runtimeNames,
} from '../../tools/runtimes/runtimes.ts'
import { until } from '../../tools/until.ts'
import { answer, type Answers, type Questions } from './answer-questions.fixture.ts'
import { type InstalledIssuer, startInstalledIssuer } from './installed-issuer.fixture.ts'
import { makeQuestions } from './questions.fixture.ts'
import {
  type Served,
  serveModule,
  serveOnBun,
  serveOnDeno,
  serveOnNode,
  serveWorker,
} from './serve-example.fixture.ts'
import { askedVectors, readAnswer } from './vector-questions.fixture.ts'

const found = await Promise.all(
  runtimeNames.map(async (name) => [name, await findOrExplain(name)] as const),
)
const runtimes = new Map(found)
const covered = found.filter(([, { missing }]) => missing === false)

/** Node, Bun and Deno run a file; a Worker is asked over HTTP. */
const runFlags: Readonly<Partial<Record<RuntimeName, readonly string[]>>> = {
  'node-24': [],
  bun: ['run'],
  deno: ['run', '--no-check', '--allow-all'],
}
const serveExample = {
  'node-24': serveOnNode,
  bun: serveOnBun,
  deno: serveOnDeno,
  workerd: serveWorker,
}

let packed: Packed
let project: Project
let issuer: InstalledIssuer
const questions = makeQuestions()
let right: Answers

before(async () => {
  if (covered.length === 0) return
  packed = await packPackages()
  project = await installPackages(packed.tarballs, ['hono', '@hono/node-server', 'express'])
  for (const name of ['answer-questions', 'answer-file', 'answer-worker', 'use-client']) {
    const file = `${name}.fixture.ts`
    copyFileSync(join(import.meta.dirname, file), join(project.directory, file))
  }
  // Where there is Node 24, the server runs on it, too.
  issuer = await startInstalledIssuer(project.directory, programOf('node-24', process.execPath))
  right = await answer(ownDoor, asAsked(questions))
})
after(async () => {
  if (covered.length === 0) return
  await issuer.kill()
  project.dispose()
  packed.dispose()
})

for (const name of runtimeNames) {
  const skip = runtimes.get(name)?.missing ?? false
  describe(`@countersign/verify on ${name}`, { skip }, () => {
    for (const [door, ask] of doorsOf(name)) {
      test(`gives every shared vector its reason (${door})`, async () => {
        let checked = 0
        for (const { questions: asked, names, right: expected } of askedVectors) {
          const { tokens } = await ask(asked)
          assert.equal(tokens.length, expected.length)
          for (const [at, text] of tokens.entries()) {
            assert.deepEqual(readAnswer(text), expected[at], names[at] ?? '')
            checked++
          }
        }
        assert.ok(checked > 200)
      })

      test(`takes no forged token and no odd key that Node refuses (${door})`, async () => {
        const { tokens, keys } = await ask(questions)
        assert.ok(tokens.length > 3000 && keys.length > 200)
        assert.equal(tokens.filter((text) => text.startsWith('accepted')).length > 5, true)
        for (const [at, text] of tokens.entries()) {
          assert.equal(text, right.tokens[at], JSON.stringify(questions.tokens[at]))
        }
        for (const [at, text] of keys.entries()) {
          const expected = right.keys[at] ?? ''
          // A platform may refuse a key by which nothing is ever signed.
          const isStricter = text === 'refused' && !expected.includes('accepted')
          if (!isStricter) assert.equal(text, expected, JSON.stringify(questions.keys[at]?.jwk))
        }
      })
    }

    test('guards what docs/verify-anywhere.md serves, and hears of log-outs', async () => {
      const program = programOf(name)
      const served = await serveExample[name]({ directory: project.directory, issuer, program })
      try {
        await checkExample(served)
      } finally {
        await served.stop()
        await issuer.kill()
        await issuer.restart()
      }
    })
  })
}

/** A log-in, a log-out, an issuer that goes away and comes back. */
async function checkExample(served: Served): Promise<void> {
  const { url } = served
  const statusOf = async (token: string, path = '/orders'): Promise<number> => {
    const answered = await fetch(url + path, { headers: { authorization: `Bearer ${token}` } })
    const { status } = answered
    if (status === 401 || status === 403 || status === 503) {
      const { headers } = answered
      assert.match(headers.get('content-type') ?? '', /^application\/problem\+json/)
      assert.equal(headers.has('www-authenticate'), status === 401)
    }
    await answered.body?.cancel()
    return status
  }
  const [ada, bob, eve] = [await issuer.signIn(), await issuer.signIn(), await issuer.signIn()]
  const all = [ada, bob, eve].map(({ token }) => token)
  // Many at once, of whom none may wait for what another began, while keys and revocations are renewed time and again.
  const started = performance.now()
  do {
    const asked = Array.from({ length: 30 }, (_, n) => statusOf(all[n % 3] ?? ''))
    assert.deepEqual(new Set(await Promise.all(asked)), new Set([200]), served.output())
  } while (performance.now() - started < 1000)
  assert.equal((await fetch(`${url}/orders`)).headers.get('www-authenticate'), 'Bearer')
  assert.equal(await statusOf(ada.token, '/reports'), 403)
  for (const bad of [`${ada.token}x`, ada.token.slice(0, -2), 'a.b.c', `${ada.token}.`]) {
    assert.equal(await statusOf(bad), 401)
  }

  assert.equal(await ada.logOut(), 204)
  await until(async () => (await statusOf(ada.token)) === 401, 'a log-out is heard of')
  assert.equal(await statusOf(bob.token), 200)

  await issuer.kill()
  assert.equal(await statusOf(ada.token), 401, 'what was known stays known')
  await issuer.restart()
  assert.equal(await bob.logOut(), 204)
  await until(async () => (await statusOf(bob.token)) === 401, 'a log-out after a restart')
  assert.deepEqual(
    [await statusOf(ada.token), await statusOf(eve.token)],
    [401, 200],
    served.output(),
  )

  // Connections stay, and nothing comes: what has ended meanwhile nobody can tell.
  issuer.pause()
  await until(
    async () => (await statusOf(eve.token)) === 503,
    'silence is not taken for peace',
    60_000,
  )
  issuer.resume()
  await until(async () => (await statusOf(eve.token)) === 200, 'the issuer is heard again', 60_000)
}

type Ask = (questions: Questions) => Promise<Answers>

/** On Node and what has its modules, the first door is tried, too. */
function doorsOf(name: RuntimeName): readonly (readonly [door: string, ask: Ask])[] {
  const flags = runFlags[name]
  if (flags === undefined) {
    return [
      ['web', (asked) => askWorker(asked, [])],
      // As on an old compatibility date: without a name to know them by.
      [
        'web, with the modules of Node',
        (asked) => askWorker(asked, ['nodejs_compat', 'no_global_navigator']),
      ],
    ]
  }
  return ['@countersign/verify', '@countersign/verify/web'].map((door) => [
    door,
    async (asked) => {
      writeFileSync(join(project.directory, 'questions.json'), JSON.stringify(asked))
      const words = [...flags, 'answer-file.fixture.ts', door, 'questions.json']
      const out = await succeed(programOf(name), words, { cwd: project.directory })
      return JSON.parse(out) as Answers
    },
  ])
}

async function askWorker(
  asked: Questions,
  compatibilityFlags: readonly string[],
): Promise<Answers> {
  const { directory } = project
  const program = programOf('workerd')
  const parts = { directory, issuer, program }
  const worker = await serveModule('answer-worker.fixture', parts, compatibilityFlags)
  try {
    assert.match(
      await (await fetch(worker.url)).text(),
      /TypeError: Set "revocations.follow" to poll/,
    )
    const answered = await fetch(worker.url, { method: 'POST', body: JSON.stringify(asked) })
    return (await answered.json()) as Answers
  } finally {
    await worker.stop()
  }
}

describe('@countersign/client', () => {
  for (const name of ['node-24', 'bun', 'deno'] as const) {
    const skip = runtimes.get(name)?.missing ?? false
    test(`registers, logs in, refreshes and logs out on ${name}, and lets it end`, {
      skip,
    }, async () => {
      const words = [...(runFlags[name] ?? []), 'use-client.fixture.ts', issuer.url, `on-${name}`]
      const out = await succeed(programOf(name), words, { cwd: project.directory })
      assert.deepEqual(JSON.parse(out), {
        names: [`on-${name}`, `on-${name}`, `on-${name}`],
        statuses: [200, 401],
        isNewToken: true,
        isRotated: true,
        lost: null,
        wrong: { name: 'CountersignError', code: 'invalid_credentials', status: 401 },
      })
    })
  }
})

describe('@countersign/server and the program on node-24', () => {
  const skip = runtimes.get('node-24')?.missing ?? false

  test('all their doors can be imported, and all their commands run', { skip }, async () => {
    const cwd = project.directory
    const node = programOf('node-24')
    const doors = ['', '/express', '/fastify', '/hono', '/node'].map(
      (door) => `@countersign/server${door}`,
    )
    const script = `for (const door of ${JSON.stringify(doors)}) await import(door); console.log(process.version)`
    const version = await succeed(node, ['--input-type=module', '--eval', script], { cwd })
    assert.match(version, /^v24\.15\.0/)
    const bin = 'node_modules/countersign/bin/countersign.js'
    for (const words of [['doctor'], ['users', 'list'], ['keys', 'list'], ['openapi']]) {
      const { code, err } = await run(node, [`../${bin}`, ...words], { cwd: join(cwd, 'issuer') })
      assert.equal(code, 0, `${words.join(' ')}: ${err}`)
      assert.doesNotMatch(err, /Warning/)
    }
  })

  test('it is the oldest that the packages let in', { skip }, async () => {
    const { version } = await findRuntime('node-24')
    for (const { workspace } of packed.tarballs) {
      const manifest = readFileSync(join(import.meta.dirname, '../..', workspace, 'package.json'))
      const { engines } = JSON.parse(String(manifest)) as { engines?: { node?: string } }
      // The client runs in browsers and names none.
      if (workspace === 'packages/client') continue
      assert.equal(version, `v${engines?.node?.replace('>=', '')}.0`, workspace)
    }
  })
})

function programOf(name: RuntimeName, otherwise?: string): string {
  const runtime = runtimes.get(name)
  if (runtime !== undefined && 'program' in runtime) return runtime.program
  if (otherwise === undefined) throw new Error(`${name} is not there.`)
  return otherwise
}

/** As the other side reads it. */
function asAsked(given: Questions): Questions {
  return JSON.parse(JSON.stringify(given)) as Questions
}
