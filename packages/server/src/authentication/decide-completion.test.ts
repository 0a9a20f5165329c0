import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { FactorKind, Proof } from '../factors/factor.ts'
import { type Completion, decideCompletion } from './decide-completion.ts'

const firstProofs = ['password', 'email', 'passkey', 'totp', 'recovery'] as const
const everyKind: readonly FactorKind[] = ['totp', 'passkey', 'recovery', 'email']

function decide(
  proofs: readonly [Proof, ...Proof[]],
  kinds: readonly FactorKind[] = [],
  isRequired = false,
): Completion {
  return decideCompletion({ proofs, kinds: new Set(kinds), isRequired })
}

function subsets<T>(all: readonly T[]): T[][] {
  return all.reduce<T[][]>((sets, item) => [...sets, ...sets.map((set) => [...set, item])], [[]])
}

describe('a log-in', () => {
  test('without a second factor is complete with one proof', () => {
    assert.deepEqual(decide(['password']), { outcome: 'complete', amr: ['pwd'] })
    assert.deepEqual(decide(['email']), { outcome: 'complete', amr: ['email'] })
  })

  test('to an account with a second factor needs it, whatever came first', () => {
    const possible = ['totp', 'recovery']
    const waiting = { outcome: 'second_factor', possible }
    assert.deepEqual(decide(['password'], ['totp', 'recovery']), waiting)
    assert.deepEqual(decide(['email'], ['totp', 'recovery']), waiting)
    const amr = ['pwd', 'otp', 'mfa']
    assert.deepEqual(decide(['password', 'totp'], ['totp']), { outcome: 'complete', amr })
  })

  test('is never complete with one factor twice, or with one that the account has not', () => {
    assert.equal(decide(['password', 'password'], ['totp']).outcome, 'second_factor')
    assert.equal(decide(['totp', 'totp'], ['totp', 'email']).outcome, 'second_factor')
    assert.equal(decide(['password', 'email'], ['totp']).outcome, 'second_factor')
    assert.equal(decide(['email', 'password'], ['totp']).outcome, 'second_factor')
    assert.equal(decide(['password', 'recovery'], ['totp']).outcome, 'second_factor')
  })

  test('of a mailbox that is also the only second factor asks for the password', () => {
    const waiting = { outcome: 'second_factor', possible: ['password', 'recovery'] }
    assert.deepEqual(decide(['email'], ['email', 'recovery']), waiting)
    const amr = ['email', 'pwd', 'mfa']
    assert.deepEqual(decide(['email', 'password'], ['email']), { outcome: 'complete', amr })
    assert.equal(decide(['email', 'email'], ['email']).outcome, 'second_factor')
  })

  test('with a passkey is complete by itself: it proves two things at once', () => {
    const amr = ['pop', 'user', 'mfa']
    assert.deepEqual(decide(['passkey'], ['totp'], true), { outcome: 'complete', amr })
  })

  test('under a policy that asks for a factor is not complete before one is added', () => {
    assert.deepEqual(decide(['password'], [], true), { outcome: 'enrollment' })
    assert.deepEqual(decide(['password'], ['recovery'], true), { outcome: 'enrollment' })
    assert.deepEqual(decide(['password', 'recovery'], ['recovery'], true), {
      outcome: 'enrollment',
    })
    assert.equal(decide(['password'], ['totp'], true).outcome, 'second_factor')
  })

  test('of any kind, to an account with any factors, never passes with one factor alone', () => {
    let asked = 0
    for (const kinds of subsets(everyKind)) {
      const hasSecond = kinds.some((kind) => kind !== 'recovery')
      for (const first of firstProofs.filter((proof) => proof !== 'passkey')) {
        for (const again of [[], [first], [first, first]]) {
          for (const isRequired of [false, true]) {
            const { outcome } = decide([first, ...again], kinds, isRequired)
            const isComplete = outcome === 'complete'
            assert.equal(isComplete, !hasSecond && !isRequired, `${first} of ${kinds.join()}`)
            asked++
          }
        }
      }
    }
    assert.equal(asked, 16 * 4 * 3 * 2)
  })
})
