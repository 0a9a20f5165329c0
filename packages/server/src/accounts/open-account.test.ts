import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import {
  createTestClock,
  createTestRandomness,
  testStart,
} from '../foundation/deterministic.fixture.ts'
import { createIdSource } from '../foundation/ids.ts'
import { createHashQueue } from '../passwords/hash-queue.ts'
import { createPasswordHasher } from '../passwords/password-hasher.ts'
import { openMemoryStore } from '../stores/memory-store.fixture.ts'
import { type AccountWish, createAccountOpener, type PasswordPolicy } from './open-account.ts'

const wish: AccountWish = { username: 'Ada', password: 'correct horse battery' }
const strict: PasswordPolicy = { minLength: 8, common: 'refuse' }

async function setUp(
  t: TestContext,
  options: { policy?: PasswordPolicy; concurrency?: number } = {},
) {
  const { policy = strict, concurrency = 2 } = options
  const clock = createTestClock()
  const randomness = createTestRandomness()
  const store = await openMemoryStore(t, clock)
  const queue = createHashQueue({ concurrency, maxWaiting: concurrency * 20, maxWaitMs: 2_000 })
  const parameters = { memoryKib: 64, iterations: 1, parallelism: 1 }
  const hasher = await createPasswordHasher({ queue, randomness, parameters })
  let hashes = 0
  const opener = createAccountOpener({
    store,
    hasher: { ...hasher, hash: (password) => (hashes++, hasher.hash(password)) },
    policy,
    roles: ['user', 'editor', 'admin'],
    newId: createIdSource(clock, randomness),
    clock,
  })
  return { store, opener, hasher, hashes: () => hashes }
}

describe('opening an account', () => {
  test('stores it with a hash, the first role and both epochs at zero', async (t) => {
    const { store, opener, hasher } = await setUp(t)
    const opened = await opener.open(wish)
    assert.ok(opened.ok && !('warning' in opened))
    const stored = await store.findAccountByUsername('ada')
    assert.deepEqual(stored, opened.account)
    assert.deepEqual(opened.account, {
      id: opened.account.id,
      username: 'Ada',
      email: null,
      verifiedEmailKey: null,
      passwordHash: opened.account.passwordHash,
      role: 'user',
      disabled: false,
      sessionEpoch: 0,
      tokenEpoch: 0,
      factorEpoch: 0,
      createdAt: testStart,
      updatedAt: testStart,
    })
    const verified = await hasher.verify(wish.password, opened.account.passwordHash)
    assert.ok(verified.ok && verified.matches)
  })

  test('takes role and address when asked for', async (t) => {
    const { opener } = await setUp(t)
    const opened = await opener.open({ ...wish, role: 'editor', email: 'ada@example.org' })
    assert.ok(opened.ok)
    assert.deepEqual([opened.account.role, opened.account.email], ['editor', 'ada@example.org'])
  })

  test('refuses in the order of cost, and hashes nothing that it refuses', async (t) => {
    const { opener, hashes } = await setUp(t)
    const refused: [AccountWish, string][] = [
      [{ username: 'a', password: 'x', email: 'x', role: 'x' }, 'invalid_username'],
      [{ ...wish, password: 'x', email: 'x', role: 'x' }, 'invalid_email'],
      [{ ...wish, password: 'x', email: '' }, 'invalid_email'],
      [{ ...wish, password: 'x', role: 'root' }, 'unknown_role'],
      [{ ...wish, password: 'x', role: '' }, 'unknown_role'],
      [{ ...wish, password: 'x' }, 'weak_password'],
      [{ ...wish, username: 'some.name', password: 'Some.Name1' }, 'weak_password'],
      [{ ...wish, email: 'countess@example.org', password: 'countess12' }, 'weak_password'],
    ]
    for (const [each, reason] of refused) {
      const checked = opener.check(each)
      assert.equal(checked?.reason, reason)
      assert.deepEqual(await opener.open(each), checked)
    }
    assert.equal(hashes(), 0)
    assert.equal(opener.check(wish), undefined)
  })

  test('refuses a name that is taken, in any case, before it costs a hash', async (t) => {
    const { opener, hashes } = await setUp(t)
    await opener.open(wish)
    for (const username of ['Ada', 'ADA', 'ａｄａ']) {
      assert.deepEqual(await opener.open({ ...wish, username }), {
        ok: false,
        reason: 'username_taken',
      })
    }
    assert.equal(hashes(), 1)
  })

  test('gives one name to one of twenty who ask at the same moment', async (t) => {
    const { opener, store } = await setUp(t)
    const results = await Promise.all(Array.from({ length: 20 }, () => opener.open(wish)))
    assert.equal(results.filter(({ ok }) => ok).length, 1)
    assert.ok(results.every((result) => result.ok || result.reason === 'username_taken'))
    assert.equal((await store.listAccounts({ limit: 10 })).length, 1)
  })

  test('stores nothing when there is no room to hash', async (t) => {
    const { opener, store } = await setUp(t, { concurrency: 0 })
    assert.deepEqual(await opener.open(wish), { ok: false, reason: 'busy', retryAfterSeconds: 2 })
    assert.deepEqual(await store.listAccounts({ limit: 10 }), [])
  })

  test('passes on the warning about a common password where those are accepted', async (t) => {
    const { opener } = await setUp(t, { policy: { minLength: 8, common: 'warn' } })
    const opened = await opener.open({ ...wish, password: 'password123' })
    assert.ok(opened.ok)
    assert.equal(opened.warning, 'common')
  })
})
