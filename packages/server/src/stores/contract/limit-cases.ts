import assert from 'node:assert/strict'
import type { AttemptWindow } from '../../limits/store.ts'
import { type ContractCases, pruneAll, race, start } from './subject.ts'

const windowMs = 60_000

function windowOf(limit: number, now: number): AttemptWindow {
  return { limit, windowMs, now }
}

export const limitCases: ContractCases = {
  'attempts are granted up to the limit, in a window that starts with the first': async (
    subject,
  ) => {
    const { store, other } = subject
    const resetsAt = start + windowMs
    const granted = (count: number) => ({ granted: true, count, resetsAt })
    assert.deepEqual(await store.reserveAttempt('k', windowOf(3, start)), granted(1))
    assert.deepEqual(await other.reserveAttempt('k', windowOf(3, start + 1)), granted(2))
    assert.deepEqual(await store.reserveAttempt('k', windowOf(3, start + 2)), granted(3))
    const refused = { granted: false, count: 3, resetsAt }
    assert.deepEqual(await other.reserveAttempt('k', windowOf(3, start + 3)), refused)
    assert.deepEqual(
      await store.reserveAttempt('k', windowOf(3, resetsAt - 1)),
      refused,
      'not counted',
    )
    const next = { granted: true, count: 1, resetsAt: resetsAt + windowMs }
    assert.deepEqual(await other.reserveAttempt('k', windowOf(3, resetsAt)), next)
  },

  'keys are counted apart, whatever their text': async ({ store }) => {
    const window = { limit: 1, windowMs, now: start }
    for (const key of ['a', 'A', 'a ', 'á', 'a\u0301', '$a', 'a.b', 'x'.repeat(200)]) {
      assert.equal((await store.reserveAttempt(key, window)).granted, true)
      assert.equal((await store.reserveAttempt(key, window)).granted, false)
    }
  },

  'a limit of none grants none': async ({ store }) => {
    const reservation = await store.reserveAttempt('k', { limit: 0, windowMs, now: start })
    assert.equal(reservation.granted, false)
    assert.equal(reservation.count, 0)
  },

  'attempts that are taken together are all taken or none': async ({ store, other }) => {
    const resetsAt = start + windowMs
    const take = (handle: typeof store, amount: number, now = start) =>
      handle.reserveAttempt('k', { ...windowOf(10, now), amount })
    assert.deepEqual(await take(store, 4), { granted: true, count: 4, resetsAt })
    assert.deepEqual(await take(other, 5), { granted: true, count: 9, resetsAt })
    assert.deepEqual(await take(store, 2), { granted: false, count: 9, resetsAt })
    assert.deepEqual(await take(other, 1), { granted: true, count: 10, resetsAt })
    const next = { granted: true, count: 7, resetsAt: resetsAt + windowMs }
    assert.deepEqual(await take(other, 7, resetsAt), next, 'nor in a window that follows')
    const tooMany = { ...windowOf(3, start), amount: 4 }
    assert.equal((await store.reserveAttempt('more than the limit', tooMany)).granted, false)
  },

  'of groups of attempts at once no more than the limit are granted': async (subject) => {
    const window = { limit: 10, windowMs, now: start, amount: 3 }
    const results = await race(subject, 20, (store) => store.reserveAttempt('k', window))
    const counts = results.filter(({ granted }) => granted).map(({ count }) => count)
    assert.deepEqual(
      counts.toSorted((a, b) => a - b),
      [3, 6, 9],
    )
  },

  'an attempt is given back to its own window and to no later one': async ({ store, other }) => {
    const first = await store.reserveAttempt('k', windowOf(2, start))
    await store.reserveAttempt('k', windowOf(2, start))
    await other.releaseAttempt('k', first.resetsAt)
    assert.equal((await store.reserveAttempt('k', windowOf(2, start))).granted, true)
    assert.equal((await store.reserveAttempt('k', windowOf(2, start))).granted, false)
    const later = windowOf(2, first.resetsAt)
    await store.reserveAttempt('k', later)
    await store.releaseAttempt('k', first.resetsAt)
    assert.equal((await store.reserveAttempt('k', later)).count, 2)
    assert.equal((await store.reserveAttempt('k', later)).granted, false)
    await store.releaseAttempt('never counted', start)
  },

  'giving back more than was taken makes no credit': async ({ store }) => {
    const window = { limit: 2, windowMs, now: start }
    const { resetsAt } = await store.reserveAttempt('k', window)
    for (let count = 0; count < 5; count++) await store.releaseAttempt('k', resetsAt)
    assert.equal((await store.reserveAttempt('k', window)).count, 1)
    assert.equal((await store.reserveAttempt('k', window)).count, 2)
    assert.equal((await store.reserveAttempt('k', window)).granted, false)
  },

  'instances whose clocks differ by 5 s count in one window': async ({ store, other }) => {
    const ahead = { limit: 4, windowMs, now: start + 5_000 }
    const behind = { limit: 4, windowMs, now: start }
    const { resetsAt } = await store.reserveAttempt('k', ahead)
    for (let count = 2; count <= 4; count++) {
      const handle = count % 2 === 0 ? other : store
      const reservation = await handle.reserveAttempt('k', count % 2 === 0 ? behind : ahead)
      assert.deepEqual(reservation, { granted: true, count, resetsAt })
    }
    assert.equal((await other.reserveAttempt('k', behind)).granted, false)
    assert.equal((await store.reserveAttempt('k', ahead)).granted, false)
  },

  'a window that only a clock gone wrong could have begun is over': async ({ store }) => {
    const year = 365 * 86_400_000
    await store.reserveAttempt('k', { limit: 1, windowMs, now: start + year })
    const reservation = await store.reserveAttempt('k', { limit: 1, windowMs, now: start })
    assert.deepEqual(reservation, { granted: true, count: 1, resetsAt: start + windowMs })
  },

  'of 50 attempts at once no more than the limit are granted, each with its own count': async (
    s,
  ) => {
    const window = { limit: 10, windowMs, now: start }
    const results = await race(s, 50, (store) => store.reserveAttempt('k', window))
    const granted = results.filter((result) => result.granted)
    assert.deepEqual(
      granted.map(({ count }) => count).sort((a, b) => a - b),
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    )
    const refused = results.filter((result) => !result.granted)
    assert.ok(refused.every(({ count }) => count === 10))
    assert.ok(results.every(({ resetsAt }) => resetsAt === start + windowMs))
    const next = { ...window, now: start + windowMs }
    const again = await race(s, 50, (store) => store.reserveAttempt('k', next))
    assert.equal(
      again.filter((result) => result.granted).length,
      10,
      'nor in a window that follows',
    )
  },

  'attempts taken and given back at once leave the count right': async (subject) => {
    const window = { limit: 1_000, windowMs, now: start }
    await race(subject, 40, async (store, turn) => {
      const { resetsAt } = await store.reserveAttempt('k', window)
      if (turn % 4 !== 0) await store.releaseAttempt('k', resetsAt)
    })
    assert.equal((await subject.store.reserveAttempt('k', window)).count, 11)
  },

  'pruning deletes windows that are over, no more than the limit a call': async ({ store }) => {
    for (let key = 0; key < 7; key++) {
      await store.reserveAttempt(`over ${key}`, { limit: 5, windowMs, now: start })
    }
    const live = { limit: 5, windowMs, now: start + 1 }
    await store.reserveAttempt('live', live)
    const before = start + windowMs + 1
    const pruned = await pruneAll((limit) => store.pruneAttempts(before, limit), 3, 8)
    assert.equal(pruned, 7)
    assert.equal((await store.reserveAttempt('live', live)).count, 2)
  },
}
