import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createTestAccount } from '../accounts/account.fixture.ts'
import { createTestClock } from '../foundation/deterministic.fixture.ts'
import { StoreUnavailableError } from '../foundation/store-failure.ts'
import { openMemoryStore } from '../stores/memory-store.fixture.ts'
import { type ContinuationStore, continueSession } from './continue-session.ts'
import { createTestSession, testLives } from './session.fixture.ts'

const account = createTestAccount()

async function setUp(t: TestContext) {
  const clock = createTestClock()
  const store = await openMemoryStore(t, clock)
  const session = createTestSession({ generation: 1, parent: null })
  await store.insertAccount(account, account.username)
  await store.insertSession(session)
  const read = async (generation: number) => ({
    ...((await store.findSessionWithAccount(session.id)) ?? assert.fail('no session')),
    generation,
  })
  /** Presents a token of this generation; by default everything is read and written as it should be. */
  const present = async (generation: number, changed: Partial<ContinuationStore> = {}) =>
    continueSession({ ...store, ...changed }, await read(generation), testLives, clock)
  const row = async () => (await read(0)).session
  return { clock, store, session, read, present, row }
}

describe('continuing a session', () => {
  test('swaps, and answers with the next generation', async (t) => {
    const { present, row, clock } = await setUp(t)
    clock.advance(60_000)
    const continued = await present(1)
    assert.ok(continued.ok)
    assert.deepEqual([continued.way, continued.generation], ['normal', 2])
    const { generation, parent, rotatedAt, lastUsedAt } = await row()
    assert.deepEqual([generation, parent, rotatedAt, lastUsedAt], [2, 1, clock(), clock()])
  })

  test('writes nothing when it repeats an answer', async (t) => {
    const { present, row } = await setUp(t)
    await present(1)
    const before = await row()
    const continued = await present(1, { rotateSession: () => assert.fail('wrote') })
    assert.ok(continued.ok)
    assert.deepEqual([continued.way, continued.generation], ['repeat', 2])
    assert.deepEqual(await row(), before)
  })

  test('gives fifty tabs that come at the same moment one successor', async (t) => {
    const { present, row } = await setUp(t)
    const continued = await Promise.all(Array.from({ length: 50 }, () => present(1)))
    assert.ok(continued.every((each) => each.ok && each.generation === 2))
    assert.equal(continued.filter((each) => each.ok && each.way === 'normal').length, 1)
    assert.equal((await row()).generation, 2)
  })

  test('gives two tabs that both lost the answer one successor', async (t) => {
    const { present, row, clock } = await setUp(t)
    await present(1)
    clock.advance(testLives.windowMs)
    const continued = await Promise.all([present(1), present(1)])
    assert.ok(continued.every((each) => each.ok && each.generation === 3))
    assert.deepEqual(
      continued.map((each) => each.ok && each.way),
      ['supersede', 'repeat'],
    )
    assert.equal((await row()).generation, 3)
  })

  test('moves on past what the database lost, once for two who come at the same moment', async (t) => {
    const { present, row } = await setUp(t)
    const continued = await Promise.all([present(9), present(9)])
    assert.ok(continued.every((each) => each.ok && each.generation === 10))
    const { generation, parent } = await row()
    assert.deepEqual([generation, parent], [10, 9])
  })

  test('ends the session for a superseded token, once', async (t) => {
    const { present, row, clock } = await setUp(t)
    await present(1)
    await present(2)
    await present(3)
    clock.advance(1)
    const both = await Promise.all([present(1), present(2)])
    assert.deepEqual(
      both.map((each) => !each.ok && each.reason),
      ['theft', 'revoked'],
    )
    const { endedAt, endReason } = await row()
    assert.deepEqual([endedAt, endReason], [clock(), 'theft'])
    assert.deepEqual(await present(4), { ok: false, reason: 'revoked' })
  })

  // A tab that refreshed while another changed the password was logged out.
  test('goes on when it is lifted over the end of all others a moment after that', async (t) => {
    const { present, store, clock, session } = await setUp(t)
    await store.raiseEpochs(account.id, clock())
    const continuing = present(1)
    await sleep(100)
    await store.liftSession(session.id, { from: 0, to: 1 })
    const continued = await continuing
    assert.ok(continued.ok)
    assert.equal(continued.generation, 2)
  })

  test('is over when it is not lifted, and at once when it has ended itself', async (t) => {
    const { present, store, clock, session } = await setUp(t)
    await store.raiseEpochs(account.id, clock())
    assert.deepEqual(await present(1), { ok: false, reason: 'revoked' })
    await store.endSession(session.id, 'signed_out', clock())
    const waits = { findSessionWithAccount: () => assert.fail('waited') }
    assert.deepEqual(await present(1, waits), { ok: false, reason: 'revoked' })
  })

  test('refuses and writes nothing when the account is gone, the session ended, or its life over', async (t) => {
    const writes = {
      rotateSession: () => assert.fail('wrote'),
      endSession: () => assert.fail('wrote'),
    }
    const { present, store, clock, session } = await setUp(t)
    clock.advance(testLives.idleMs)
    assert.deepEqual(await present(1, writes), { ok: false, reason: 'expired' })
    clock.advance(-testLives.idleMs)
    await store.endSession(session.id, 'signed_out', clock())
    assert.deepEqual(await present(1, writes), { ok: false, reason: 'revoked' })
    await store.deleteAccount(account.id, clock())
    assert.deepEqual(await present(1, writes), { ok: false, reason: 'account_gone' })
  })
})

describe('when another instance is faster', () => {
  test('the session is read again and decided anew', async (t) => {
    const { present, store, session, clock } = await setUp(t)
    let isFirst = true
    const continued = await present(1, {
      rotateSession: async (id, rotation) => {
        if (isFirst) {
          isFirst = false
          await store.rotateSession(id, rotation)
        }
        return store.rotateSession(id, rotation)
      },
    })
    assert.ok(continued.ok)
    assert.deepEqual([continued.way, continued.generation], ['repeat', 2])
    assert.equal(continued.session.generation, 2)
    assert.equal(session.generation, 1)
    assert.equal(continued.session.rotatedAt, clock())
  })

  test('a session that it ended meanwhile stays ended', async (t) => {
    const { present, store, clock } = await setUp(t)
    const continued = await present(1, {
      rotateSession: async (id, rotation) => {
        await store.endSession(id, 'signed_out', clock())
        return store.rotateSession(id, rotation)
      },
    })
    assert.deepEqual(continued, { ok: false, reason: 'revoked' })
  })

  test('an account that it disabled meanwhile is refused, whoever swapped', async (t) => {
    const { present, store, clock } = await setUp(t)
    const continued = await present(1, {
      rotateSession: async () => {
        await store.changeStanding(account.id, { disabled: true }, clock())
        return false
      },
    })
    assert.deepEqual(continued, { ok: false, reason: 'revoked' })
  })

  test('a session that it pruned meanwhile is refused', async (t) => {
    const { present } = await setUp(t)
    let reads = 0
    const continued = await present(1, {
      rotateSession: async () => false,
      findSessionWithAccount: async () => void reads++,
    })
    assert.deepEqual([continued, reads], [{ ok: false, reason: 'revoked' }, 1])
  })

  test('again and again, the caller is told to come back after three attempts', async (t) => {
    const { present, store } = await setUp(t)
    let swaps = 0
    const continued = await present(1, {
      rotateSession: async () => (swaps++, false),
      findSessionWithAccount: (id) => store.findSessionWithAccount(id),
    })
    assert.deepEqual([continued, swaps], [{ ok: false, reason: 'contended' }, 3])
  })
})

describe('when the store fails', () => {
  test('so does the refresh, at every step, and nothing is answered', async (t) => {
    const failure = new StoreUnavailableError('full', 'full')
    const fail = () => Promise.reject(failure)
    const { present } = await setUp(t)
    await assert.rejects(present(1, { rotateSession: fail }), failure)
    await assert.rejects(
      present(1, { rotateSession: async () => false, findSessionWithAccount: fail }),
      failure,
    )
    await assert.rejects(present(0, { endSession: fail }), failure)
  })
})
