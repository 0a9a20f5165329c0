// A code of an app and a recovery code are good once: twenty that bring one at once, by turns to two instances, on every
// database. Each swaps the factor's row in a way of its own.

import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { startTestServer, type TestServer } from '../countersign.fixture.ts'
import { testOnEveryDatabase } from '../stores/every-database.fixture.ts'
import { codeOf } from '../totp/authenticator.fixture.ts'
import { beginToken, enroll, outcome, prove } from '../totp/people.fixture.ts'

const step = 30_000

/** The database's own time, which each instance takes over; and as much later as a test moves it. */
function createMovedClock() {
  let later = 0
  const advance = (milliseconds: number): void => {
    later += milliseconds
  }
  return Object.assign(() => Date.now() + later, { advance, set: () => undefined })
}

async function setUp(t: TestContext, databaseUrl: string) {
  const clock = createMovedClock()
  const options = {
    databaseUrl,
    secret: 'a-secret-that-is-long-enough-for-tests',
    clock,
    storeTime: clock,
    rateLimitAnonymous: '10000/1h',
    rateLimitLogin: '1000/1h',
  }
  const servers = [await startTestServer(t, options), await startTestServer(t, options)] as const
  return { clock, servers }
}

async function race(servers: readonly TestServer[], factor: string, code: string) {
  const [one] = servers
  assert.ok(one)
  const mfaTokens: string[] = []
  for (let count = 0; count < 20; count++) mfaTokens.push(await beginToken(one, 'ada'))
  const answers = await Promise.all(
    mfaTokens.map((mfaToken, turn) => prove(servers[turn % 2] ?? one, mfaToken, code, factor)),
  )
  return answers.map(outcome).toSorted()
}

const expected = ['200', ...Array.from({ length: 19 }, () => '400 invalid_code')]

await testOnEveryDatabase(
  'of twenty log-ins that bring one code to two instances at once, one is completed',
  async (t, { url }) => {
    const { clock, servers } = await setUp(t, url)
    const [one] = servers
    await one.open('ada')
    const { accessToken } = await one.signIn('ada')
    const { answer, secret } = await enroll(one, { token: accessToken })
    const wish = { token: String(answer.body['token']) }
    const made = await one.call('POST /api/auth/mfa/recovery-codes', wish)
    const [recoveryCode = ''] = made.body['recoveryCodes'] as string[]

    clock.advance(2 * step)
    assert.deepEqual(await race(servers, 'totp', codeOf(secret, clock())), expected)
    assert.deepEqual(await race(servers, 'recovery', recoveryCode), expected)
  },
)
