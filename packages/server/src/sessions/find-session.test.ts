import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { createTestAccount } from '../accounts/account.fixture.ts'
import { createTestClock, createTestRandomness } from '../foundation/deterministic.fixture.ts'
import { createIdSource, encodeId } from '../foundation/ids.ts'
import { createMasterSecrets } from '../foundation/master-secret.ts'
import { openMemoryStore } from '../stores/memory-store.fixture.ts'
import { findPresentedSession } from './find-session.ts'
import { toLiveSessionQuery } from './live-session-query.ts'
import { issueRefreshToken } from './refresh-token.ts'
import { createTestSession, testLives } from './session.fixture.ts'
import { createSession } from './start-session.ts'

const secrets = createMasterSecrets(['a-secret-that-is-long-enough-for-tests'])
const account = createTestAccount({ sessionEpoch: 3 })

async function setUp(t: TestContext) {
  const clock = createTestClock()
  const store = await openMemoryStore(t, clock)
  const randomness = createTestRandomness()
  const parts = { clock, randomness, newId: createIdSource(clock, randomness) }
  await store.insertAccount(account, account.username)
  return { clock, store, parts }
}

describe('the session of a presented token', () => {
  test('comes with its account and the token’s generation', async (t) => {
    const { store } = await setUp(t)
    const session = createTestSession()
    await store.insertSession(session)
    const found = await findPresentedSession(store, secrets, issueRefreshToken(secrets, session, 1))
    assert.ok(found)
    assert.deepEqual([found.account, found.generation], [account, 1])
    assert.deepEqual({ ...found.session, salt: Buffer.from(found.session.salt) }, session)
  })

  test('is found also when it ended or its account is gone: that is for others to judge', async (t) => {
    const { store, clock } = await setUp(t)
    const session = createTestSession()
    await store.insertSession(session)
    await store.endSession(session.id, 'signed_out', clock())
    await store.deleteAccount(account.id, clock())
    const found = await findPresentedSession(store, secrets, issueRefreshToken(secrets, session, 1))
    assert.equal(found?.session.endReason, 'signed_out')
    assert.equal(found.account, undefined)
  })

  test('is nobody’s who only knows its id, which stands in every access token', async (t) => {
    const { store } = await setUp(t)
    const session = createTestSession()
    await store.insertSession(session)
    const guessed = issueRefreshToken(secrets, { id: session.id, salt: Buffer.alloc(16) }, 2)
    assert.equal(await findPresentedSession(store, secrets, guessed), undefined)
  })

  test('is not even looked for when the text is no token', async () => {
    const store = { findSessionWithAccount: () => assert.fail('looked') }
    for (const text of ['', 'x', 'x'.repeat(56), 'x'.repeat(10_000)]) {
      assert.equal(await findPresentedSession(store, secrets, text), undefined)
    }
  })

  test('is none when there is no such row', async (t) => {
    const { store } = await setUp(t)
    const stray = createTestSession({ id: encodeId(Buffer.alloc(16, 9)) })
    const token = issueRefreshToken(secrets, stray, 1)
    assert.equal(await findPresentedSession(store, secrets, token), undefined)
  })
})

describe('a new session', () => {
  test('begins with the first generation, a salt of its own and the epoch that was checked', async (t) => {
    const { parts, clock } = await setUp(t)
    const client = { ip: '203.0.113.9', userAgent: 'curl/8' }
    const session = createSession(account, client, ['pwd'], parts)
    const { id, salt, ...rest } = session
    assert.deepEqual(rest, {
      amr: ['pwd'],
      authenticatedAt: clock(),
      userId: account.id,
      generation: 1,
      parent: null,
      rotatedAt: clock(),
      createdAt: clock(),
      lastUsedAt: clock(),
      endedAt: null,
      endReason: null,
      epoch: 3,
      ...client,
    })
    assert.equal(salt.length, 16)
    const next = createSession(account, client, ['pwd'], parts)
    assert.notEqual(next.id, id)
    assert.notDeepEqual(next.salt, salt)
  })
})

describe('the living sessions of an account', () => {
  test('are those that could be refreshed now, to the millisecond', async (t) => {
    const { store, clock } = await setUp(t)
    const now = clock()
    const { idleMs, maxMs } = testLives
    const rows = [
      { epoch: 3 },
      { epoch: 2 },
      { epoch: 3, lastUsedAt: now - idleMs + 1 },
      { epoch: 3, lastUsedAt: now - idleMs },
      { epoch: 3, createdAt: now - maxMs + 1 },
      { epoch: 3, createdAt: now - maxMs },
      { epoch: 3, endedAt: now, endReason: 'signed_out' as const },
      { epoch: 3, userId: 'another' },
    ]
    for (const [index, row] of rows.entries()) {
      await store.insertSession(
        createTestSession({ ...row, id: encodeId(Buffer.alloc(16, index)) }),
      )
    }
    const query = toLiveSessionQuery(account, testLives, now)
    const living = await store.listLiveSessions(query)
    const expected = [4, 2, 0].map((index) => encodeId(Buffer.alloc(16, index)))
    assert.deepEqual(
      living.map(({ id }) => id),
      expected,
    )
    assert.equal(await store.countLiveSessions(query), 3)
  })
})
