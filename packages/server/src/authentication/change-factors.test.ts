import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Store } from '../stores/store.ts'
import {
  bodyOf,
  codeOf,
  codes,
  setUpFactorChanges as setUp,
  totp,
} from './factor-changes.fixture.ts'

describe('a session that adds a factor', () => {
  test('goes on with a fresh token, and every other one ends', async (t) => {
    const { signIn, add, isAlive, kinds, events } = await setUp(t)
    const [own, other] = [await signIn(), await signIn()]
    const body = bodyOf(await add({ principal: own }))
    assert.equal(body['accessToken'], 'token')
    const { kind, name, lastUsedAt, ...rest } = body['factor'] as Record<string, unknown>
    assert.deepEqual([kind, name, lastUsedAt], ['totp', 'Phone', null])
    assert.deepEqual(Object.keys(rest).toSorted(), ['createdAt', 'id'])
    assert.deepEqual([await isAlive(own.sessionId), await isAlive(other.sessionId)], [true, false])
    assert.deepEqual(await kinds(), ['totp'])
    assert.deepEqual(events, ['factor.added totp'])
  })

  test('is refused when it was ended since it was let in', async (t) => {
    const { store, account, signIn, add, kinds } = await setUp(t)
    const own = await signIn()
    await store.raiseEpochs(account.id, 1)
    assert.equal(codeOf(await add({ principal: own })), 'invalid_token')
    const alone = await signIn()
    await store.endSession(alone.sessionId, 'ended_by_user', 1)
    assert.equal(codeOf(await add({ principal: alone })), 'invalid_token')
    assert.deepEqual(await kinds(), [])
  })

  type End = (store: Store, id: string, sessionId: string) => Promise<unknown>
  const ends: Readonly<Record<string, End>> = {
    'its own end': (store, _id, sessionId) => store.endSession(sessionId, 'ended_by_user', 1),
    'the end of all sessions': (store, id) => store.raiseEpochs(id, 1),
    'a disabling': (store, id) => store.changeStanding(id, { disabled: true }, 1),
    'a deletion': (store, id) => store.deleteAccount(id, 1),
  }
  for (const [name, end] of Object.entries(ends)) {
    test(`leaves nothing behind and is not lifted over ${name} at the same moment`, async (t) => {
      let sessionId = ''
      const { account, signIn, add, isAlive, events, store } = await setUp(t, {
        change: (opened) => ({
          insertFactor: async (factor) => {
            const inserted = await opened.insertFactor(factor)
            await end(opened, factor.userId, sessionId)
            return inserted
          },
        }),
      })
      const own = await signIn()
      ;({ sessionId } = own)
      assert.equal(codeOf(await add({ principal: own })), 'invalid_token')
      assert.deepEqual(await store.listFactors(account.id), [])
      assert.equal(await isAlive(own.sessionId), false)
      assert.deepEqual(events, [])
    })
  }

  test('puts one in the place of another of its kind, in one write', async (t) => {
    const { signIn, add, living, events } = await setUp(t)
    const own = await signIn()
    await add({ principal: own })
    const now = await signIn()
    const next = {
      ...totp,
      name: 'New phone',
      secret: 'other',
      counter: 9,
      replaces: true,
    } as const
    assert.equal(codeOf(await add({ principal: now }, next)), 'done')
    const [factor, ...more] = await living()
    assert.deepEqual(more, [])
    assert.deepEqual([factor?.name, factor?.secret, factor?.counter], ['New phone', 'other', 9])
    assert.deepEqual(events, ['factor.added totp', 'factor.added totp true'])
  })

  test('has the factor before back when its sessions were ended at that moment', async (t) => {
    const { account, signIn, add, living } = await setUp(t, {
      change: (opened) => ({
        swapFactor: async (seen, use) => {
          const isSwapped = await opened.swapFactor(seen, use)
          if (use.secret === 'other') await opened.raiseEpochs(account.id, 1)
          return isSwapped
        },
      }),
    })
    await add({ principal: await signIn() })
    const [before] = await living()
    const next = { ...totp, name: 'New', secret: 'other', counter: 9, replaces: true } as const
    assert.equal(codeOf(await add({ principal: await signIn() }, next)), 'invalid_token')
    assert.deepEqual(await living(), [before])
  })

  test('finds the dead cleared away, whose external ids are free again', async (t) => {
    const { store, account, signIn, add, kinds } = await setUp(t)
    const passkey = { ...totp, kind: 'passkey', externalId: 'credential' } as const
    await add({ principal: await signIn() }, passkey)
    const again = await add({ principal: await signIn() }, passkey)
    assert.equal(codeOf(again), 'factor_exists')
    const seenEpoch = (await store.findAccount(account.id))?.sessionEpoch ?? 0
    await store.recoverAccount(account.id, { seenEpoch, dropsFactors: true }, 1)
    assert.equal(codeOf(await add({ principal: await signIn() }, passkey)), 'done')
    assert.deepEqual(await kinds(), ['passkey'])
  })

  test('reaches an end of them', async (t) => {
    const { signIn, add, living } = await setUp(t)
    for (let count = 0; count < 30; count++) {
      assert.equal(codeOf(await add({ principal: await signIn() })), 'done')
    }
    assert.equal(codeOf(await add({ principal: await signIn() })), 'too_many_factors')
    assert.equal((await living()).length, 30)
  })
})

describe('a log-in that has to add a factor first', () => {
  test('is completed by it, and the sessions that lived without one end', async (t) => {
    const { store, account, signIn, begin, add, isAlive, kinds } = await setUp(t, {
      isRequired: true,
    })
    const earlier = await signIn()
    const mfaToken = await begin()
    const body = bodyOf(await add({ principal: undefined, mfaToken }))
    assert.deepEqual(
      ['accessToken', 'refreshToken', 'csrfToken', 'user', 'factor'].filter(
        (member) => !(member in body),
      ),
      [],
    )
    assert.deepEqual(await kinds(), ['totp'])
    assert.equal(await isAlive(earlier.sessionId), false)
    const { sessionEpoch = 0 } = (await store.findAccount(account.id)) ?? {}
    const query = { userId: account.id, sessionEpoch, usedAfter: 0, createdAfter: 0 }
    const [session, ...more] = await store.listLiveSessions(query)
    assert.deepEqual(more, [])
    assert.deepEqual([session?.amr, session?.epoch], [['pwd', 'otp', 'mfa'], sessionEpoch])
  })

  test('adds one, however many bring a token of their own at once', async (t) => {
    let inserted = 0
    const { begin, add, kinds } = await setUp(t, {
      isRequired: true,
      change: (opened) => ({
        insertFactor: (factor) => {
          inserted++
          return opened.insertFactor(factor)
        },
      }),
    })
    const tokens = await Promise.all(Array.from({ length: 8 }, begin))
    const answers = await Promise.all(
      tokens.map((mfaToken) => add({ principal: undefined, mfaToken })),
    )
    const outcomes = answers.map(codeOf).toSorted()
    assert.deepEqual(outcomes, ['done', ...Array.from({ length: 7 }, () => 'invalid_mfa_token')])
    // Not even for a moment was there another, with which a log-in of its own could be completed.
    assert.equal(inserted, 1)
    assert.deepEqual(await kinds(), ['totp'])
  })

  test('is none of somebody who has a factor: that would go around it', async (t) => {
    for (const isRequired of [true, false]) {
      const { signIn, begin, add, changes, kinds } = await setUp(t, { isRequired })
      await add({ principal: await signIn() })
      const request = { principal: undefined, mfaToken: await begin() }
      assert.equal(codeOf(await changes.admit(request)), 'invalid_mfa_token')
      assert.equal(codeOf(await add(request)), 'invalid_mfa_token')
      assert.deepEqual(await kinds(), ['totp'])
    }
  })

  test('is not one whose factor was only used up: recovery codes are none', async (t) => {
    const { store, account, begin, add } = await setUp(t, { isRequired: true })
    const own = { id: 'r', userId: account.id, epoch: 0, createdAt: 0, lastUsedAt: null }
    await store.insertFactor({ ...own, ...codes })
    assert.equal(codeOf(await add({ principal: undefined, mfaToken: await begin() })), 'done')
  })

  test('is refused without a token, with an invented one and with one that was used', async (t) => {
    const { begin, add } = await setUp(t, { isRequired: true })
    assert.equal(codeOf(await add({ principal: undefined })), 'no_token')
    for (const mfaToken of ['', 'x', 'A'.repeat(200)]) {
      assert.equal(codeOf(await add({ principal: undefined, mfaToken })), 'invalid_mfa_token')
    }
    const mfaToken = await begin()
    assert.equal(codeOf(await add({ principal: undefined, mfaToken })), 'done')
    assert.equal(codeOf(await add({ principal: undefined, mfaToken })), 'invalid_mfa_token')
  })

  test('is over when the policy no longer asks: the log-in begins anew', async (t) => {
    const { begin, add, policy } = await setUp(t, { isRequired: true })
    const mfaToken = await begin()
    policy.isRequired = false
    assert.equal(codeOf(await add({ principal: undefined, mfaToken })), 'invalid_mfa_token')
  })

  test('is over when the account is disabled', async (t) => {
    const { store, account, begin, add } = await setUp(t, { isRequired: true })
    const mfaToken = await begin()
    await store.changeStanding(account.id, { disabled: true }, 1)
    assert.equal(codeOf(await add({ principal: undefined, mfaToken })), 'invalid_mfa_token')
  })
})

describe('a factor that is removed', () => {
  test('stays when the session that asks was ended since it was let in', async (t) => {
    const { store, signIn, add, remove, living } = await setUp(t)
    await add({ principal: await signIn() })
    const [own, [factor]] = [await signIn(), await living()]
    await store.endSession(own.sessionId, 'ended_by_user', 1)
    assert.equal(codeOf(await remove(own, factor ?? assert.fail())), 'invalid_token')
    assert.deepEqual(await living(), [factor])
  })

  test('is gone, and every other session with it', async (t) => {
    const { signIn, add, remove, living, kinds, isAlive, events } = await setUp(t)
    await add({ principal: await signIn() })
    const [own, other] = [await signIn(), await signIn()]
    const [factor] = await living()
    const answer = await remove(own, factor ?? assert.fail())
    assert.equal(bodyOf(answer)['accessToken'], 'token')
    assert.deepEqual(await kinds(), [])
    assert.deepEqual([await isAlive(own.sessionId), await isAlive(other.sessionId)], [true, false])
    assert.deepEqual(events, ['factor.added totp', 'factor.removed totp'])
  })

  test('takes the recovery codes along when it was the last', async (t) => {
    const { signIn, add, remove, living, kinds } = await setUp(t)
    for (const factor of [totp, codes, { ...totp, kind: 'email' } as const]) {
      await add({ principal: await signIn() }, factor)
    }
    const removeThe = async (wanted: string) => {
      const factor = (await living()).find(({ kind }) => kind === wanted)
      return remove(await signIn(), factor ?? assert.fail())
    }
    await removeThe('totp')
    assert.deepEqual((await kinds()).toSorted(), ['email', 'recovery'])
    await removeThe('email')
    assert.deepEqual(await kinds(), [])
  })

  test('leaves one to whom the policy asks for it, also when both go at once', async (t) => {
    const { signIn, begin, add, remove, living, kinds } = await setUp(t, { isRequired: true })
    await add({ principal: undefined, mfaToken: await begin() })
    await add({ principal: await signIn() }, { ...totp, kind: 'email' })
    await add({ principal: await signIn() }, codes)
    const own = await signIn()
    const answers = await Promise.all((await living()).map((factor) => remove(own, factor)))
    // The first that comes ends the sessions of the others' calls.
    assert.equal(answers.filter((answer) => codeOf(answer) === 'done').length, 1)
    const left = (await living()).find(({ kind }) => kind !== 'recovery') ?? assert.fail()
    for (const factor of await living()) {
      if (factor !== left) await remove(await signIn(), factor)
    }
    const [last = assert.fail()] = await living()
    assert.equal(codeOf(await remove(await signIn(), last)), 'last_factor')
    assert.deepEqual(await kinds(), [last.kind])
  })

  test('is the own one: another’s is not found', async (t) => {
    const { store, signIn, add, remove, kinds } = await setUp(t)
    await add({ principal: await signIn() })
    const foreign = { ...totp, id: 'f', userId: 'bob', epoch: 0, createdAt: 0, lastUsedAt: null }
    await store.insertFactor(foreign)
    const own = await signIn()
    for (const id of ['f', 'x', '']) assert.equal(codeOf(await remove(own, { id })), 'not_found')
    assert.deepEqual(await kinds(), ['totp'])
    assert.deepEqual(await store.listFactors('bob'), [foreign])
  })
})
