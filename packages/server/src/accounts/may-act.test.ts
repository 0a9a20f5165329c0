import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createTestAccount } from './account.fixture.ts'
import { checkStanding, type PresentedEpoch, type Standing } from './may-act.ts'

const account = createTestAccount({ sessionEpoch: 3, tokenEpoch: 5 })

describe('may this principal act now?', () => {
  test('yes, with the epoch of the row or a later one', () => {
    const presented: PresentedEpoch[] = [
      { kind: 'session', epoch: 3 },
      { kind: 'session', epoch: 4 },
      { kind: 'token', epoch: 5 },
      { kind: 'token', epoch: 6 },
      { kind: 'password' },
    ]
    for (const each of presented) assert.equal(checkStanding(account, each), 'may_act')
  })

  test('no, with an earlier epoch; each kind is held against its own', () => {
    const presented: [PresentedEpoch, Standing][] = [
      [{ kind: 'session', epoch: 2 }, 'epoch_over'],
      [{ kind: 'token', epoch: 4 }, 'epoch_over'],
      // Late enough for a session, too early for a token.
      [{ kind: 'token', epoch: 3 }, 'epoch_over'],
    ]
    for (const [each, standing] of presented) assert.equal(checkStanding(account, each), standing)
  })

  test('no, when the account is disabled or gone, whatever is presented', () => {
    const kinds: PresentedEpoch[] = [
      { kind: 'session', epoch: 99 },
      { kind: 'token', epoch: 99 },
      { kind: 'password' },
    ]
    for (const presented of kinds) {
      assert.equal(checkStanding({ ...account, disabled: true }, presented), 'disabled')
      assert.equal(checkStanding(undefined, presented), 'gone')
    }
  })
})
