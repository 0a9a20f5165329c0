import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { postgresTest } from '../../../tools/postgres.fixture.ts'
import { until } from '../../../tools/until.ts'
import { createCountersign } from './index.ts'

const json = { 'content-type': 'application/json' }
const credentials = { username: 'ada', password: 'a long enough phrase 7' }

/** An instance on a machine whose clock is ahead of the others by so much. */
async function startInstance(t: TestContext, databaseUrl: string, aheadMs: number) {
  let ahead = aheadMs
  const auth = await createCountersign({
    databaseUrl,
    secret: 'a master secret of 32 characters or more',
    clock: () => Date.now() + ahead,
  })
  t.after(() => auth.close())
  const call = (method: string, path: string, body?: object) =>
    auth.fetch(
      new Request(`http://localhost:3000${path}`, {
        method,
        headers: json,
        ...(body && { body: JSON.stringify(body) }),
      }),
    )
  return {
    auth,
    call,
    setAhead: (ms: number) => (ahead = ms),
    isReady: async () => (await call('GET', '/health/ready')).status === 200,
  }
}

function issuedAt(token: string): number {
  const [, payload = ''] = token.split('.')
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { iat: number }
  return claims.iat * 1000
}

postgresTest(
  'instances whose clocks differ agree on the time of their store',
  async (t, server) => {
    const url = server.urlFor(t)
    const early = await startInstance(t, url, -4_500)
    const late = await startInstance(t, url, 4_500)
    assert.ok((await early.isReady()) && (await late.isReady()))
    await early.call('POST', '/api/auth/register', credentials)
    for (const [one, other] of [
      [early, late],
      [late, early],
    ] as const) {
      const login = await one.call('POST', '/api/auth/login', { ...credentials, delivery: 'body' })
      const first = (await login.json()) as { token: string; refreshToken: string }
      // Not corrected, one would issue from the past and the other from the future, which no verifier accepts.
      assert.ok(Math.abs(issuedAt(first.token) - Date.now()) < 4_000)
      const refreshed = await other.call('POST', '/api/auth/refresh', {
        refreshToken: first.refreshToken,
      })
      assert.equal(refreshed.status, 200)
      // Both within the window, whoever looks.
      for (const instance of [one, other]) {
        const again = await instance.call('POST', '/api/auth/refresh', {
          refreshToken: first.refreshToken,
        })
        assert.equal(again.status, 200)
      }
    }
  },
)

postgresTest(
  'an instance whose clock is off by more than 5 s does not count as ready',
  async (t, server) => {
    const instance = await startInstance(t, server.urlFor(t), 6_000)
    const answer = await instance.call('GET', '/health/ready')
    assert.equal(answer.status, 503)
    assert.ok(answer.headers.has('retry-after'))
    assert.equal((await instance.call('GET', '/health/live')).status, 200)
    instance.setAhead(1_000)
    await until(instance.isReady, 'the clock to be measured again')
  },
)

test('an embedded database has the clock of its machine', async (t) => {
  const instance = await startInstance(t, 'sqlite::memory:', 3_600_000)
  assert.ok(await instance.isReady())
})
