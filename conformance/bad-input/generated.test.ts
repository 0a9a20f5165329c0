// Bodies, queries and headers that nobody thought of. A failure prints its seed and path: pin them in `pinned`, and the
// case is tried in every run from then on.

import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import fc from 'fast-check'
import { call } from '../client/call.fixture.ts'
import { administrator, newcomer } from '../client/people.fixture.ts'
import { behindEachDoor, ownParserDoors } from '../targets/target.fixture.ts'
import { type Stage, setStage } from './stage.fixture.ts'

/** Seeds that once failed, with what they found. None so far. */
const pinned: readonly { readonly seed: number; readonly path: string }[] = []

const runs = 60

async function checkAlways<T>(arbitrary: fc.Arbitrary<T>, hold: (value: T) => Promise<void>) {
  const property = fc.asyncProperty(arbitrary, hold)
  for (const { seed, path } of pinned) await fc.assert(property, { seed, path })
  await fc.assert(property, { numRuns: runs, endOnFailure: true })
}

/** Values as a fuzzer makes them, with members that our bodies have and others that trip parsers. */
function bodyFor(names: readonly string[]): fc.Arbitrary<unknown> {
  const value = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.string({ maxLength: 20 }),
    fc.jsonValue({ maxDepth: 3 }),
    fc.double(),
    fc.constantFrom('', 'admin', 'user', 'cookie', 'body', true, false, null),
  )
  const strange = fc.constantFrom('role', 'id', '$where', 'constructor', 'toString', '')
  const name = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...names) }, strange)
  const members = fc.dictionary(name, value, { maxKeys: 5 })
  return fc.oneof({ weight: 5, arbitrary: members }, fc.jsonValue({ maxDepth: 4 }))
}

behindEachDoor({ doors: ownParserDoors }, (target) => {
  let stage: Stage
  before(async () => {
    stage = await setStage(target())
  })

  test('whatever the document does not allow is refused with 400, and what it allows is never a 5xx (v5.0.0-2.2.1, v5.0.0-16.5.4)', async () => {
    for (const operation of stage.operations) {
      // A body that happens to be good may log its sender out.
      const own = await setStage(target())
      const names = Object.keys(operation.body?.properties ?? {})
      await checkAlways(bodyFor(names), async (body) => {
        const text = JSON.stringify(body)
        const answer = await own.send(operation, text)
        const sent = JSON.parse(text) as unknown
        const what = `${operation.id} ${text}: ${answer.status} ${answer.text}`
        if (own.document.allowsBody(operation, sent)) assert.ok(answer.status < 500, what)
        else assert.equal(answer.status, 400, what)
        own.document.checkAnswer(operation, answer)
      })
    }
  })

  test('arbitrary bytes are refused (v5.0.0-2.2.1)', async () => {
    const earlier = await stage.takeStock()
    for (const operation of stage.operations) {
      const bytes = fc.uint8Array({ minLength: 1, maxLength: 200, size: 'max' }).filter(isNoJson)
      await checkAlways(bytes, async (body) => {
        const answer = await stage.send(operation, body)
        assert.equal(answer.status, 400, `${operation.id}: ${answer.text}`)
      })
    }
    assert.equal(await stage.takeStock(), earlier)
  })

  test('a good body with a few bytes changed is refused or means what it says, and is never a 5xx', async () => {
    const change = fc.tuple(
      fc.nat(1000),
      fc.constantFrom(...'{}[]":,\\x0\u0000 eE-+./u'),
      fc.nat(2),
    )
    const changes = fc.array(change, { minLength: 1, maxLength: 4 })
    for (const operation of stage.operations.filter(({ id }) => id !== 'changePassword')) {
      const own = await setStage(target())
      await checkAlways(changes, async (list) => {
        let text = JSON.stringify(own.sample(operation).json)
        for (const [at, character, removed] of list) {
          const place = at % text.length
          text = text.slice(0, place) + character + text.slice(place + removed)
        }
        const answer = await own.send(operation, text)
        assert.ok(answer.status < 500, `${operation.id} ${text}: ${answer.text}`)
        own.document.checkAnswer(operation, answer)
      })
    }
  })

  test('arbitrary queries are refused or answered, and never a 5xx', async () => {
    const { token } = await administrator(target())
    const names = fc.constantFrom(
      'limit',
      'cursor',
      'q',
      'access_token',
      '__proto__',
      'limit[]',
      '',
    )
    const text = fc.string({ unit: 'binary', maxLength: 30 })
    const plain = fc.tuple(names, text).map((pair) => pair.map(encodeURIComponent).join('='))
    const raw = fc.stringMatching(/^[!#-~]{0,20}$/)
    const query = fc.array(fc.oneof(plain, raw), { maxLength: 4 }).map((parts) => parts.join('&'))
    await checkAlways(query, async (parameters) => {
      const answer = await call(target(), `/api/users/all?${parameters}`, { token })
      assert.ok([200, 400].includes(answer.status), `${parameters}: ${answer.text}`)
    })
  })

  test('arbitrary paths are found or not, and never a 5xx', async () => {
    const { token } = await administrator(target())
    const part = fc.oneof(
      fc.constantFrom(
        'api',
        'users',
        'auth',
        'sessions',
        '..',
        '.',
        '',
        '%2e%2e',
        '%00',
        '%ff',
        '%',
      ),
      fc.stringMatching(/^[!-"$-.0->@-~]{0,12}$/),
      fc.string({ unit: 'binary', maxLength: 8 }).map(encodeURIComponent),
    )
    const path = fc
      .array(part, { minLength: 1, maxLength: 5 })
      .map((parts) => `/${parts.join('/')}`)
    await checkAlways(path, async (where) => {
      const answer = await call(target(), where, { token })
      assert.ok(answer.status < 500, `${where}: ${answer.text}`)
    })
  })

  test('arbitrary values in the headers that we read open nothing, and are never a 5xx', async () => {
    const { cookie } = await newcomer(target())
    // What node:http lets through as a field value: visible characters, blanks and obs-text.
    const value = fc.stringMatching(/^[\t -~\u0080-\u00ff]{0,60}$/)
    const read = [
      'authorization',
      'cookie',
      'x-csrf-token',
      'origin',
      'sec-fetch-site',
      'user-agent',
    ]
    const forwarded = [
      'x-forwarded-for',
      'x-request-id',
      'accept',
      'content-type',
      'content-encoding',
    ]
    const headers = fc.dictionary(fc.constantFrom(...read, ...forwarded), value, { maxKeys: 5 })
    await checkAlways(headers, async (fields) => {
      for (const [method, path] of [
        ['GET', '/api/users'],
        ['POST', '/api/auth/refresh'],
        ['POST', '/api/auth/logout'],
        ['OPTIONS', '/api/users'],
      ] as const) {
        const answer = await call(target(), path, { method, headers: fields })
        const what = `${path} ${JSON.stringify(fields)}: ${answer.status} ${answer.text}`
        assert.ok(answer.status < 500, what)
        if (path === '/api/users' && method === 'GET') assert.equal(answer.status, 401, what)
        if (path === '/api/auth/refresh') assert.ok(answer.status >= 400, what)
      }
    })
    assert.equal((await call(target(), '/api/auth/csrf', { cookie })).status, 200)
  })

  test('after all that the server is up and has logged no unexpected failure (v5.0.0-16.5.4)', async () => {
    assert.equal((await call(target(), '/health/ready')).status, 200)
    assert.doesNotMatch(target().log(), /Unexpected failure/)
  })
})

function isNoJson(bytes: Uint8Array): boolean {
  try {
    JSON.parse(Buffer.from(bytes).toString())
    return false
  } catch {
    return true
  }
}
