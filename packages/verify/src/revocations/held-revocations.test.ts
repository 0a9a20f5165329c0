import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CLAIMS } from '../tokens/issuer.fixture.ts'
import type { FeedEntry } from './feed-page.ts'
import { HeldRevocations } from './held-revocations.ts'

const keepSeconds = 1000
const { sub, sid = '' } = CLAIMS

function hold(...entries: FeedEntry[]): HeldRevocations {
  const held = new HeldRevocations()
  for (const entry of entries) held.note(entry, keepSeconds)
  return held
}

describe('a revocation that comes twice', () => {
  const twice: [string, FeedEntry, FeedEntry][] = [
    ['of a session', { session: sid, at: 10 }, { session: sid, at: 500 }],
    ['of a subject', { subject: sub, epoch: 4, at: 10 }, { subject: sub, epoch: 5, at: 500 }],
  ]
  for (const [what, first, second] of twice) {
    test(`${what} is held for as long as the later one, whichever comes first`, () => {
      for (const held of [hold(first, second), hold(second, first)]) {
        held.prune(1_499_999)
        assert.equal(held.isRevoked(CLAIMS), true)
        held.prune(1_500_000)
        assert.equal(held.size, 0)
      }
    })
  }
})

describe('a subject whose epoch was raised', () => {
  const held = hold({ subject: sub, epoch: 4, at: 10 })

  test('has no token of before, and those of since', () => {
    assert.equal(held.isRevoked({ ...CLAIMS, epoch: 3 }), true)
    assert.equal(held.isRevoked({ ...CLAIMS, epoch: 4 }), false)
    assert.equal(held.isRevoked({ ...CLAIMS, epoch: 3, sub: 'another' }), false)
  })

  test('has no token that names no epoch, as other issuers make them', () => {
    const { epoch: _epoch, ...claims } = CLAIMS
    assert.equal(held.isRevoked(claims), true)
    const atFirst = hold({ subject: sub, epoch: 0, at: 10 })
    assert.equal(atFirst.isRevoked(claims), true)
  })
})
