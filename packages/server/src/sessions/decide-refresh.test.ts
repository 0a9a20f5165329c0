import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createTestAccount } from '../accounts/account.fixture.ts'
import type { Account } from '../accounts/account.ts'
import { testStart as start } from '../foundation/deterministic.fixture.ts'
import { decideRefresh, isOver, type RefreshDecision, remainingLife } from './decide-refresh.ts'
import { createTestSession, testLives as lives } from './session.fixture.ts'
import type { Session } from './session.ts'

const account = createTestAccount({ sessionEpoch: 4 })
// Five refreshes ago it began; the last token that was used is 4, the one that may be used is 6: 5 was superseded.
const session = createTestSession({ generation: 6, parent: 4, epoch: 4 })

interface Case {
  readonly presented?: number
  readonly session?: Partial<Session>
  readonly account?: Partial<Account> | 'gone'
  /** Milliseconds since the last rotation. */
  readonly after?: number
}

function decide({ presented = 6, after = 0, ...facts }: Case): RefreshDecision {
  const holder = facts.account === 'gone' ? undefined : { ...account, ...facts.account }
  return decideRefresh(presented, { ...session, ...facts.session }, holder, lives, start + after)
}

const refuse = (reason: 'account_gone' | 'revoked' | 'expired') => ({ act: 'refuse', reason })

// The rows of the three-step rule, in their order. Each case also has what a later row would answer to, so that a change
// of the order fails here.
const rows: readonly [meaning: string, cases: readonly Case[], decision: object][] = [
  [
    'the account is gone',
    [
      { account: 'gone' },
      { account: 'gone', session: { endedAt: start } },
      { account: 'gone', after: lives.idleMs },
      { account: 'gone', presented: 5 },
    ],
    refuse('account_gone'),
  ],
  [
    'the session ended, the account is disabled, or its epoch went on',
    [
      { session: { endedAt: start } },
      { session: { endedAt: 0 } },
      { session: { endedAt: start }, presented: 4 },
      { session: { endedAt: start }, presented: 5 },
      { session: { endedAt: start }, after: lives.idleMs },
      { account: { disabled: true } },
      { account: { disabled: true }, presented: 5 },
      { account: { disabled: true }, after: lives.maxMs },
      { account: { sessionEpoch: 5 } },
      { account: { sessionEpoch: 5 }, presented: 7 },
      { account: { sessionEpoch: 5 }, after: lives.idleMs },
    ],
    refuse('revoked'),
  ],
  [
    'the idle or the absolute life is over',
    [
      { after: lives.idleMs },
      { after: lives.idleMs, presented: 4 },
      { after: lives.idleMs, presented: 5 },
      { after: lives.idleMs, presented: 7 },
      { session: { createdAt: start - lives.maxMs } },
      { session: { createdAt: start - lives.maxMs }, presented: 1 },
    ],
    refuse('expired'),
  ],
  [
    'the token that may be used',
    [
      {},
      { after: 1 },
      { after: lives.idleMs - 1 },
      { session: { createdAt: start - lives.maxMs + 1 } },
      { after: -60_000 },
      { account: { sessionEpoch: 3 } },
    ],
    { act: 'rotate', way: 'normal', generation: 7, parent: 6 },
  ],
  [
    'a token from after what the database remembers',
    [{ presented: 9 }, { presented: 9, after: lives.idleMs - 1 }],
    { act: 'rotate', way: 'restore', generation: 10, parent: 9 },
  ],
  [
    'the last token again, within the window',
    [
      { presented: 4 },
      { presented: 4, after: lives.windowMs - 1 },
      { presented: 4, after: 1 - lives.windowMs },
    ],
    { act: 'repeat', generation: 6 },
  ],
  [
    'the last token again, later: its answer was lost',
    [
      { presented: 4, after: lives.windowMs },
      { presented: 4, after: lives.idleMs - 1 },
      { presented: 4, after: -lives.windowMs },
    ],
    { act: 'rotate', way: 'supersede', generation: 7, parent: 4 },
  ],
  [
    'any other: theft',
    [
      { presented: 5 },
      { presented: 3 },
      { presented: 1 },
      { presented: 0 },
      { presented: 5, after: lives.windowMs },
      { presented: 3, session: { parent: null } },
      { presented: 0, session: { parent: null, generation: 1 } },
    ],
    { act: 'end' },
  ],
]

describe('the three-step rule', () => {
  for (const [meaning, cases, decision] of rows) {
    test(meaning, () => {
      for (const each of cases) assert.deepEqual(decide(each), decision, JSON.stringify(each))
    })
  }

  test('knows a first refresh, which has no parent', () => {
    const fresh = { generation: 1, parent: null }
    const decision = { act: 'rotate', way: 'normal', generation: 2, parent: 1 }
    assert.deepEqual(decide({ presented: 1, session: fresh }), decision)
  })

  test('has no window when none is configured: the last token supersedes at once', () => {
    const none = { ...lives, windowMs: 0 }
    const decision = decideRefresh(4, session, account, none, start)
    assert.deepEqual(decision, { act: 'rotate', way: 'supersede', generation: 7, parent: 4 })
  })

  test('moves on with every rotation, repeats the last answer alone, and ends for nothing but theft', () => {
    const generations = fc.integer({ min: 0, max: 20 })
    fc.assert(
      fc.property(
        generations,
        fc.integer({ min: 1, max: 20 }),
        fc.option(generations),
        fc.integer({ min: -100_000, max: lives.idleMs + 1 }),
        (presented, generation, parent, after) => {
          fc.pre(parent === null || parent < generation)
          const decision = decide({ presented, after, session: { generation, parent } })
          if (decision.act === 'rotate') {
            // Every rotation moves on, and what is presented becomes the parent.
            assert.ok(decision.generation > generation)
            assert.equal(decision.parent, presented)
          } else if (decision.act === 'repeat') {
            assert.equal(decision.generation, generation)
            assert.equal(presented, parent)
          } else if (decision.act === 'end') {
            assert.ok(presented < generation && presented !== parent)
          }
        },
      ),
    )
  })
})

describe('the life of a session', () => {
  test('is over at its very end, idle or absolute, whichever comes first', () => {
    const { idleMs, maxMs } = lives
    const young = { createdAt: start, lastUsedAt: start }
    assert.equal(isOver(young, lives, start + idleMs - 1), false)
    assert.equal(isOver(young, lives, start + idleMs), true)
    const old = { createdAt: start, lastUsedAt: start + maxMs - 1 }
    assert.equal(isOver(old, lives, start + maxMs - 1), false)
    assert.equal(isOver(old, lives, start + maxMs), true)
  })

  test('is not over because the clock went backwards', () => {
    assert.equal(
      isOver({ createdAt: start, lastUsedAt: start }, lives, start - 10 * lives.maxMs),
      false,
    )
  })

  test('remains for the idle life, or for what is left of the absolute one', () => {
    const { idleMs, maxMs } = lives
    assert.equal(remainingLife({ createdAt: start }, lives, start), idleMs)
    assert.equal(remainingLife({ createdAt: start }, lives, start + maxMs - idleMs), idleMs)
    assert.equal(remainingLife({ createdAt: start }, lives, start + maxMs - idleMs + 1), idleMs - 1)
    assert.equal(remainingLife({ createdAt: start }, lives, start + maxMs), 0)
    assert.equal(remainingLife({ createdAt: start }, lives, start + maxMs + 1), 0)
  })
})
