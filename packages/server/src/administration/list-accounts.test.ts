import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import fc from 'fast-check'
import { createLifetime, startTestServer, type TestServer } from '../countersign.fixture.ts'
import type { CountersignOptions } from '../config/options.ts'

const oldSecret = 'an-older-secret-that-was-used-before-0000'
const newSecret = 'a-newer-secret-that-comes-into-use-11111'

async function setUp(t: Pick<TestContext, 'after'>, options: CountersignOptions = {}) {
  const lifetime = createLifetime()
  t.after(lifetime.end)
  const server = await startTestServer(lifetime, options)
  for (const name of ['root', 'ada', 'adam', 'bob', 'eve']) {
    server.clock.advance(1)
    await server.open(name, name === 'root' ? 'admin' : 'user')
  }
  const { accessToken: token } = await server.signIn('root')
  return { server, list: (query: string) => list(server, token, query) }
}

async function list(server: TestServer, token: string, query: string) {
  const { status, body } = await server.call(`GET /api/users/all?${query}`, { token })
  const users = (body['users'] ?? []) as { username: string }[]
  const nextCursor = body['nextCursor'] as string | null | undefined
  return { status, names: users.map(({ username }) => username), nextCursor }
}

describe('the list of accounts', () => {
  test('is read page by page to its end, each account once', async (t) => {
    const { list } = await setUp(t)
    for (const limit of [1, 2, 3, 5, 500]) {
      const names: string[] = []
      let page = await list(`limit=${limit}`)
      names.push(...page.names)
      while (page.nextCursor) {
        page = await list(`limit=${limit}&cursor=${page.nextCursor}`)
        names.push(...page.names)
      }
      assert.equal(page.nextCursor, null)
      assert.deepEqual(names, ['root', 'ada', 'adam', 'bob', 'eve'], `limit ${limit}`)
    }
  })

  test('finds a part of a name, every character of it literal', async (t) => {
    const { list } = await setUp(t)
    assert.deepEqual((await list('q=ADA')).names, ['ada', 'adam'])
    assert.deepEqual((await list('q=')).names.length, 5)
    for (const wild of ['%25', '_', '*', '.%2B', 'a%25', '%5C', '%00', '%27']) {
      assert.deepEqual((await list(`q=${wild}`)).names, [], wild)
    }
  })

  test('takes a cursor back for the search that it came from alone', async (t) => {
    const { list } = await setUp(t)
    const { nextCursor } = await list('limit=1&q=ada')
    assert.ok(nextCursor)
    assert.deepEqual((await list(`limit=1&q=ADA&cursor=${nextCursor}`)).names, ['adam'])
    for (const other of ['', 'q=', 'q=adam', 'q=a']) {
      assert.equal((await list(`${other}&cursor=${nextCursor}`)).status, 400, other)
    }
  })

  test('refuses a cursor that it never gave: every changed bit, and whatever is made up', async (t) => {
    const { list } = await setUp(t)
    const { nextCursor } = await list('limit=1')
    const bytes = Buffer.from(nextCursor ?? '', 'base64url')
    for (let at = 0; at < bytes.length; at++) {
      const altered = Buffer.from(bytes)
      altered[at] = (altered[at] ?? 0) ^ (1 << (at % 8))
      const { status } = await list(`cursor=${altered.toString('base64url')}`)
      assert.equal(status, 400, `byte ${at}`)
    }
    const madeUp = ['', 'x', '0', bytes.subarray(0, 16).toString('base64url'), 'x'.repeat(2_000)]
    for (const cursor of madeUp) assert.equal((await list(`cursor=${cursor}`)).status, 400, cursor)
    await fc.assert(
      fc.asyncProperty(fc.string(), async (text) => {
        assert.equal((await list(`cursor=${encodeURIComponent(text)}`)).status, 400)
      }),
      { numRuns: 30 },
    )
  })

  test('takes a cursor that was signed under the old secret while that is known', async (t) => {
    const databaseIsFresh = { secret: [newSecret, oldSecret] }
    const [old, both, fresh] = [
      await setUp(t, { secret: oldSecret }),
      await setUp(t, databaseIsFresh),
      await setUp(t, { secret: newSecret }),
    ]
    const { nextCursor } = await old.list('limit=1')
    assert.equal((await both.list(`cursor=${nextCursor}`)).status, 200)
    assert.equal((await fresh.list(`cursor=${nextCursor}`)).status, 400)
  })
})
