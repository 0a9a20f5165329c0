import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AccessClaims } from '@countersign/verify'
import fc from 'fast-check'
import { createTestClock, testStart } from '../foundation/deterministic.fixture.ts'
import { LiveRevocations } from './live-revocations.ts'
import type { Revocation } from './store.ts'

const retentionMs = 1_020_000

function claims(changes: Partial<AccessClaims> = {}): AccessClaims {
  return {
    iss: 'https://auth.example.com',
    aud: 'https://auth.example.com',
    sub: 'ada',
    sid: 'session-1',
    epoch: 3,
    exp: 1,
    iat: 0,
    jti: 'j',
    client_id: 'c',
    ...changes,
  }
}

const ended: Revocation = { kind: 'session', sessionId: 'session-1', at: testStart }

function raised(epoch: number, at = testStart): Revocation {
  return { kind: 'subject', subject: 'ada', epoch, at }
}

function withoutMember(name: 'sid' | 'epoch'): AccessClaims {
  const { [name]: _, ...rest } = claims()
  return rest
}

describe('a token', () => {
  test('lives as long as nothing was revoked that concerns it', () => {
    const live = new LiveRevocations(createTestClock(), retentionMs)
    live.note({ kind: 'session', sessionId: 'session-2', at: testStart })
    live.note({ kind: 'subject', subject: 'bob', epoch: 99, at: testStart })
    assert.equal(live.isRevoked(claims()), false)
    assert.equal(live.size, 2)
  })

  test('is dead when its session ended, whatever its epoch', () => {
    const live = new LiveRevocations(createTestClock(), retentionMs)
    live.note(ended)
    assert.equal(live.isRevoked(claims({ epoch: 1_000_000 })), true)
    assert.equal(live.isRevoked(claims({ sid: 'session-2' })), false)
  })

  test('is dead when its epoch is lower than the account’s, and lives from that epoch on', () => {
    const live = new LiveRevocations(createTestClock(), retentionMs)
    live.note(raised(4))
    assert.equal(live.isRevoked(claims({ epoch: 3 })), true)
    assert.equal(live.isRevoked(claims({ epoch: 4 })), false)
    assert.equal(live.isRevoked(claims({ epoch: 5 })), false)
  })

  test('without an epoch is as old as can be; without a session it has none to end', () => {
    const live = new LiveRevocations(createTestClock(), retentionMs)
    live.note(ended)
    assert.equal(live.isRevoked(withoutMember('sid')), false)
    live.note(raised(1))
    assert.equal(live.isRevoked(withoutMember('epoch')), true)
  })

  test('of a deleted account is dead for good', () => {
    const live = new LiveRevocations(createTestClock(), retentionMs)
    live.note(raised(Number.POSITIVE_INFINITY))
    live.note(raised(7))
    assert.equal(live.isRevoked(claims({ epoch: Number.MAX_SAFE_INTEGER })), true)
  })

  test('is not brought back to life by an older revocation that is read late', () => {
    const live = new LiveRevocations(createTestClock(), retentionMs)
    live.note(raised(5))
    live.note(raised(4, testStart + 1))
    live.note(raised(4, testStart - 1))
    assert.equal(live.isRevoked(claims({ epoch: 4 })), true)
  })
})

describe('revocations in memory', () => {
  test('are one each, however often they are noted', () => {
    const live = new LiveRevocations(createTestClock(), retentionMs)
    for (let i = 0; i < 3; i++) {
      live.note(ended)
      live.note(raised(4))
    }
    assert.equal(live.size, 2)
  })

  test('stay until the last token that they can concern is over, and not longer', () => {
    const clock = createTestClock()
    const live = new LiveRevocations(clock, retentionMs)
    live.note(ended)
    live.note(raised(4))
    clock.advance(retentionMs)
    live.prune()
    assert.equal(live.size, 2)
    assert.equal(live.isRevoked(claims()), true)
    clock.advance(1)
    live.prune()
    assert.equal(live.size, 0)
  })

  test('stay for the latest of several acts against one account', () => {
    const clock = createTestClock()
    const live = new LiveRevocations(clock, retentionMs)
    live.note(raised(5, testStart + 60_000))
    live.note(raised(4, testStart))
    clock.set(testStart + retentionMs + 1)
    live.prune()
    assert.equal(live.isRevoked(claims({ epoch: 4 })), true)
    // A later time for an epoch that is known already keeps it longer.
    live.note(raised(4, testStart + 120_000))
    clock.set(testStart + retentionMs + 60_001)
    live.prune()
    assert.equal(live.isRevoked(claims({ epoch: 4 })), true)
  })

  test('are the same in whichever order they come', () => {
    const revocation = fc.oneof(
      fc.record({
        kind: fc.constant('session' as const),
        sessionId: fc.constantFrom('session-1', 'session-2'),
        at: fc.constant(testStart),
      }),
      fc.record({
        kind: fc.constant('subject' as const),
        subject: fc.constantFrom('ada', 'bob'),
        epoch: fc.integer({ min: 1, max: 6 }),
        at: fc.integer({ min: testStart, max: testStart + 1_000 }),
      }),
    )
    fc.assert(
      fc.property(fc.array(revocation), fc.nat(), (list, seed) => {
        const clock = createTestClock()
        const [one, other] = [
          new LiveRevocations(clock, retentionMs),
          new LiveRevocations(clock, retentionMs),
        ]
        for (const each of list) one.note(each)
        const turn = list.length === 0 ? 0 : seed % list.length
        for (const each of [...list.slice(turn), ...list.slice(0, turn)].toReversed()) {
          other.note(each)
        }
        for (const sub of ['ada', 'bob']) {
          for (let epoch = 0; epoch < 7; epoch++) {
            const token = claims({ sub, epoch, sid: 'session-2' })
            assert.equal(one.isRevoked(token), other.isRevoked(token))
          }
        }
      }),
    )
  })
})
