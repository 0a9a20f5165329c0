import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { hash as hashBcrypt } from '@node-rs/bcrypt'
import { createTestAccount } from '../accounts/account.fixture.ts'
import { startTestServer, testPassword } from '../countersign.fixture.ts'
import { createTestClock, createTestRandomness } from '../foundation/deterministic.fixture.ts'
import { createAttemptLimits } from '../limits/attempt-limits.ts'
import { createHashQueue } from '../passwords/hash-queue.ts'
import { createPasswordHasher } from '../passwords/password-hasher.ts'
import { openMemoryStore } from '../stores/memory-store.fixture.ts'
import { checkPassword, type SignInParts, type SignInResult } from './sign-in.ts'

const minute = 60_000

async function setUp(t: TestContext, passwordHash?: string) {
  const clock = createTestClock()
  const store = await openMemoryStore(t, clock)
  const queue = createHashQueue({ concurrency: 1, maxWaiting: 0, maxWaitMs: 2_000 })
  const parameters = { memoryKib: 64, iterations: 1, parallelism: 1 }
  const hasher = await createPasswordHasher({
    queue,
    randomness: createTestRandomness(),
    parameters,
  })
  const hashed = await hasher.hash(testPassword)
  assert.ok(hashed.ok)
  const account = createTestAccount({ username: 'Ada', passwordHash: passwordHash ?? hashed.hash })
  await store.insertAccount(account, 'ada')
  const parts: SignInParts = {
    store,
    hasher,
    attempts: createAttemptLimits(store, clock),
    limits: {
      login: { count: 3, windowMs: 15 * minute },
      account: { count: 5, windowMs: 60 * minute },
    },
  }
  const check = async (password = testPassword, username = 'ada', address = '203.0.113.9') => {
    const origin = { addressKey: address, deviceOf: () => undefined }
    const result = await checkPassword(parts, { username, password }, origin)
    if (result.ok) await result.release()
    return result
  }
  return { clock, store, queue, account, check }
}

function outcome(result: SignInResult): string {
  return result.ok ? 'ok' : result.reason
}

const login = (password: string, username = 'ada') => ({ body: { username, password } })

describe('checking a password', () => {
  test('finds the account by its name in any case or width', async (t) => {
    const { check, account } = await setUp(t)
    for (const name of ['ada', 'ADA', 'ａｄａ']) {
      const result = await check(testPassword, name)
      assert.ok(result.ok)
      assert.equal(result.account.id, account.id)
    }
  })

  test('tells apart for the log what it never tells the client', async (t) => {
    const { check, store, clock, account } = await setUp(t)
    const unknown = await check(testPassword, 'bob')
    assert.ok(!unknown.ok && unknown.reason === 'unknown_user')
    assert.equal(unknown.account, undefined)
    assert.equal(outcome(await check('wrong')), 'wrong_password')
    await store.changeStanding(account.id, { disabled: true }, clock())
    const disabled = await check()
    assert.equal(outcome(disabled), 'disabled')
    // A disabled account with a wrong password: the password is what counts, as for any other.
    assert.equal(outcome(await check('wrong')), 'wrong_password')
  })

  test('asks the store as often for an address that is known as for one that is not', async (t) => {
    const { check, store, account, clock } = await setUp(t)
    const email = { address: 'ada@example.org', key: 'ada@example.org' }
    await store.confirmEmail(account.id, { seen: account.email, seenEpoch: 0, email }, clock())
    const byName = t.mock.method(store, 'findAccountByUsername').mock
    const byAddress = t.mock.method(store, 'findAccountByVerifiedEmail').mock
    assert.equal(outcome(await check('wrong', email.address)), 'wrong_password')
    const known = [byName.callCount(), byAddress.callCount()]
    assert.equal(outcome(await check('wrong', 'bob@example.org')), 'unknown_user')
    assert.deepEqual([byName.callCount(), byAddress.callCount()], [2, 2])
    assert.deepEqual(known, [1, 1])
  })

  test('takes an address for whoever has verified it, though an imported account has it for a name', async (t) => {
    const { check, store, account, clock } = await setUp(t)
    const email = { address: 'eve@example.org', key: 'eve@example.org' }
    const { passwordHash } = account
    const id = '0000000000000000000000001g'
    const imported = createTestAccount({ id, username: email.address, passwordHash })
    assert.equal(await store.insertAccount(imported, email.key), 'inserted')
    const named = await check(testPassword, email.address)
    assert.equal(named.ok && named.account.id, id)
    await store.confirmEmail(account.id, { seen: account.email, seenEpoch: 0, email }, clock())
    const owned = await check(testPassword, email.address)
    assert.equal(owned.ok && owned.account.id, account.id)
  })

  test('replaces a hash that another system made, once, by one of our own', async (t) => {
    const foreign = await hashBcrypt(testPassword, { cost: 4 })
    const { check, store } = await setUp(t, foreign)
    assert.equal(outcome(await check('wrong')), 'wrong_password')
    assert.equal((await store.findAccountByUsername('ada'))?.passwordHash, foreign)
    assert.equal(outcome(await check()), 'ok')
    const replaced = (await store.findAccountByUsername('ada'))?.passwordHash
    assert.match(replaced ?? '', /^\$argon2id\$/)
    assert.equal(outcome(await check()), 'ok')
    assert.equal((await store.findAccountByUsername('ada'))?.passwordHash, replaced)
  })

  test('raises no epoch when it replaces a hash: the password is the same', async (t) => {
    const { check, store, account } = await setUp(t, await hashBcrypt(testPassword, { cost: 4 }))
    await check()
    const after = await store.findAccount(account.id)
    assert.deepEqual(
      [after?.sessionEpoch, after?.tokenEpoch, after?.updatedAt],
      [account.sessionEpoch, account.tokenEpoch, account.updatedAt],
    )
  })
})

describe('attempts to log in', () => {
  test('are refused when the limit is reached, with the right password, too', async (t) => {
    const { check } = await setUp(t)
    for (let i = 0; i < 3; i++) assert.equal(outcome(await check('wrong')), 'wrong_password')
    assert.equal(outcome(await check()), 'too_many')
  })

  test('against one account from one address lock nobody out elsewhere', async (t) => {
    const { check } = await setUp(t)
    for (let i = 0; i < 10; i++) await check('wrong', 'ada', '198.51.100.7')
    assert.equal(outcome(await check()), 'ok')
  })

  test('are granted again when the window is over, not a millisecond earlier', async (t) => {
    const { check, clock } = await setUp(t)
    for (let i = 0; i < 3; i++) await check('wrong')
    clock.advance(15 * minute - 1)
    const refused = await check()
    assert.ok(!refused.ok && refused.reason === 'too_many')
    assert.equal(refused.attempt.retryAfterSeconds, 1)
    clock.advance(1)
    assert.equal(outcome(await check()), 'ok')
  })

  test('that succeed count nothing, and forgive nothing either', async (t) => {
    const { check } = await setUp(t)
    for (let i = 0; i < 10; i++) assert.equal(outcome(await check()), 'ok')
    await check('wrong')
    await check('wrong')
    assert.equal(outcome(await check()), 'ok')
    await check('wrong')
    assert.equal(outcome(await check()), 'too_many')
  })

  test('cannot be multiplied by spelling the name otherwise', async (t) => {
    const { check } = await setUp(t)
    const names = ['ada', 'Ada', 'ADA', 'ａｄａ', 'aＤa']
    const outcomes: string[] = []
    for (const name of names) outcomes.push(outcome(await check('wrong', name)))
    assert.deepEqual(outcomes.slice(3), ['too_many', 'too_many'])
  })

  test('count for names that nobody has, so that these look like any other', async (t) => {
    const { check } = await setUp(t)
    for (let i = 0; i < 3; i++) assert.equal(outcome(await check('wrong', 'bob')), 'unknown_user')
    assert.equal(outcome(await check('wrong', 'bob')), 'too_many')
  })

  test('that find no room to hash are given back', async (t) => {
    const { check, queue } = await setUp(t)
    const { promise, resolve } = Promise.withResolvers<void>()
    const blocked = queue.run(() => promise)
    for (let i = 0; i < 5; i++) assert.equal(outcome(await check()), 'busy')
    resolve()
    await blocked
    assert.equal(outcome(await check()), 'ok')
  })
})

describe('the limit of log-ins over HTTP', () => {
  test('answers 429 with the time to wait, and opens again to the millisecond', async (t) => {
    const { call, clock, open, takeEvents } = await startTestServer(t, { rateLimitLogin: '2/10m' })
    await open('ada')
    for (let i = 0; i < 2; i++) {
      assert.equal((await call('POST /api/auth/login', login('wrong'))).status, 401)
    }
    takeEvents()
    clock.advance(9 * minute)
    const refused = await call('POST /api/auth/login', login(testPassword))
    assert.deepEqual([refused.status, refused.headers.get('retry-after')], [429, '60'])
    assert.match(String(refused.body['message']), /RATE_LIMIT_LOGIN/)
    await call('POST /api/auth/login', login(testPassword))
    const [event, ...more] = takeEvents()
    assert.deepEqual([event?.type, more], ['limit.exceeded', []])
    assert.deepEqual(event?.detail, { limit: 'RATE_LIMIT_LOGIN', kind: 'login' })
    clock.advance(minute - 1)
    assert.equal((await call('POST /api/auth/login', login(testPassword))).status, 429)
    clock.advance(1)
    assert.equal((await call('POST /api/auth/login', login(testPassword))).status, 200)
  })

  test('lets exactly as many of fifty at once try as it says', async (t) => {
    const { call, open } = await startTestServer(t, { rateLimitLogin: '10/10m' })
    await open('ada')
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => call('POST /api/auth/login', login('wrong'))),
    )
    const count = (status: number): number =>
      answers.filter((answer) => answer.status === status).length
    assert.deepEqual([count(401), count(429)], [10, 40])
  })

  test('is the same for an unknown name, a wrong password and a disabled account', async (t) => {
    const { call, open, auth } = await startTestServer(t)
    await open('root', 'admin')
    await auth.accounts.setDisabled(await open('ada'), true)
    await open('bob')
    const answers = [
      await call('POST /api/auth/login', login('wrong', 'nobody')),
      await call('POST /api/auth/login', login('wrong', 'bob')),
      await call('POST /api/auth/login', login(testPassword, 'ada')),
    ]
    const seen = answers.map(({ status, headers, body }) =>
      JSON.stringify([status, { ...body, requestId: '' }, [...headers.keys()]]),
    )
    assert.equal(new Set(seen).size, 1)
    assert.equal(answers[0]?.status, 401)
  })
})
