import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sampleAccount, sampleSession, start } from '../stores/contract/subject.ts'
import { decideRefresh } from './decide-refresh.ts'
import type { Session } from './session.ts'

const lives = { idleMs: 7 * 86_400_000, maxMs: 90 * 86_400_000, windowMs: 30_000 }
const account = sampleAccount({ sessionEpoch: 3 })

function decide(presented: number, facts: Partial<Session> = {}, now: number = start) {
  const session = sampleSession(account.id, { generation: 8, parent: 6, epoch: 3, ...facts })
  return decideRefresh(presented, session, account, lives, now)
}

test('the present token moves on', () => {
  assert.deepEqual(decide(8), { act: 'rotate', way: 'normal', generation: 9, parent: 8 })
})

test('a token from a future that the database lost moves on from there', () => {
  assert.deepEqual(decide(12), { act: 'rotate', way: 'restore', generation: 13, parent: 12 })
})

test('its parent is answered the same again within the window, and supersedes it after that', () => {
  const repeat = { act: 'repeat', generation: 8 }
  const supersede = { act: 'rotate', way: 'supersede', generation: 9, parent: 6 }
  assert.deepEqual(decide(6, {}, start), repeat)
  assert.deepEqual(decide(6, {}, start + 29_999), repeat)
  assert.deepEqual(decide(6, {}, start + 30_000), supersede)
})

test('a clock that went backwards does not stretch the window', () => {
  assert.equal(decide(6, {}, start - 29_999).act, 'repeat')
  assert.equal(decide(6, {}, start - 30_000).act, 'rotate')
})

test('the window is counted from the rotation, whatever else the session has been used for', () => {
  const facts = { rotatedAt: start - 40_000, lastUsedAt: start }
  assert.equal(decide(6, facts).act, 'rotate')
})

test('every other token ends the session, the dead successor and the first one among them', () => {
  for (const presented of [7, 5, 1, 0]) assert.deepEqual(decide(presented), { act: 'end' })
  assert.deepEqual(decide(0, { generation: 1, parent: null }), { act: 'end' })
})

test('a session that ended, is over, or whose account may not act is refused before anything else', () => {
  const revoked = { act: 'refuse', reason: 'revoked' }
  const expired = { act: 'refuse', reason: 'expired' }
  const gone = { act: 'refuse', reason: 'account_gone' }
  const long = { endedAt: start, lastUsedAt: start - lives.idleMs }
  for (const presented of [1, 6, 7, 8, 12]) {
    assert.deepEqual(decide(presented, { endedAt: start, endReason: 'signed_out' }), revoked)
    assert.deepEqual(decide(presented, { epoch: 2 }), revoked)
    assert.deepEqual(decide(presented, long), revoked, 'ended comes before expired')
    assert.deepEqual(decide(presented, { lastUsedAt: start - lives.idleMs }), expired)
    assert.deepEqual(decide(presented, { createdAt: start - lives.maxMs }), expired)
    const session = sampleSession(account.id, { generation: 8, parent: 6, ...long })
    assert.deepEqual(decideRefresh(presented, session, undefined, lives, start), gone)
    const disabled = { ...account, disabled: true }
    assert.deepEqual(decideRefresh(presented, session, disabled, lives, start), revoked)
  }
  assert.equal(decide(8, { lastUsedAt: start - lives.idleMs + 1 }).act, 'rotate')
  assert.equal(decide(8, { createdAt: start - lives.maxMs + 1 }).act, 'rotate')
})
