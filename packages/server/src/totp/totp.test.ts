import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { readSignedIn, testPassword } from '../countersign.fixture.ts'
import { readClaims } from '../tokens/issuer.fixture.ts'
import { codeOf, wrongCode } from './authenticator.fixture.ts'
import {
  begin,
  beginToken,
  enroll,
  outcome,
  personWithApp,
  prove,
  signInWithApp,
  startCluster,
} from './people.fixture.ts'

const minute = 60_000

describe('an authenticator app', () => {
  test('is added with its first code, and asked for from then on', async (t) => {
    const { server } = await startCluster(t, { serviceName: 'Shop & Co' })
    await server.open('ada')
    const { accessToken: token, refreshToken } = await server.signIn('ada')
    const other = await server.signIn('ada')
    const begun = await server.call('POST /api/auth/mfa/totp', { token })
    const { secret, uri, qrCode, expiresIn } = begun.body
    assert.match(String(secret), /^[A-Z2-7]{32}$/)
    const expected = `otpauth://totp/Shop%20%26%20Co:ada?secret=${String(secret)}&issuer=Shop%20%26%20Co&algorithm=SHA1&digits=6&period=30`
    assert.deepEqual([uri, expiresIn], [expected, 600])
    assert.match(String(qrCode), /^<svg /)
    assert.equal((await begin(server, 'ada')).status, 200, 'nothing is asked for before')
    const code = codeOf(String(secret), server.clock())
    const body = { code, name: 'Phone' }
    const confirmed = await server.call('POST /api/auth/mfa/totp/confirm', { token, body })
    assert.equal(confirmed.status, 200, JSON.stringify(confirmed.body))
    const fresh = String(confirmed.body['token'])
    // The own session goes on, and no other.
    assert.equal((await server.call('GET /api/users', { token })).status, 401)
    assert.equal((await server.call('GET /api/users', { token: fresh })).status, 200)
    assert.equal((await server.refresh(refreshToken)).status, 200)
    assert.equal((await server.refresh(other.refreshToken)).status, 401)
    const asked = await begin(server, 'ada')
    assert.equal(outcome(asked), '401 mfa_required')
    assert.deepEqual(asked.body['factors'], ['totp'])
    server.clock.advance(30_000)
    const { accessToken } = await signInWithApp(server, 'ada', String(secret))
    const { amr, acr } = readClaims(accessToken)
    assert.deepEqual([amr, acr], [['pwd', 'otp', 'mfa'], 'mfa'])
  })

  test('is not added with a wrong code, nor with any after ten of them', async (t) => {
    const { server } = await startCluster(t)
    await server.open('ada')
    const { accessToken: token } = await server.signIn('ada')
    const begun = await server.call('POST /api/auth/mfa/totp', { token })
    const secret = String(begun.body['secret'])
    const confirm = (code: string) =>
      server.call('POST /api/auth/mfa/totp/confirm', { token, body: { code } })
    for (let count = 0; count < 10; count++) {
      assert.equal(outcome(await confirm(wrongCode(secret, server.clock()))), '400 invalid_code')
    }
    assert.equal(outcome(await confirm(codeOf(secret, server.clock()))), '400 invalid_code')
    assert.equal((await begin(server, 'ada')).status, 200)
  })

  test('is not added ten minutes later, nor after another was begun or the password changed', async (t) => {
    const { server } = await startCluster(t)
    await server.open('ada')
    let { accessToken: token } = await server.signIn('ada')
    const start = async () =>
      String((await server.call('POST /api/auth/mfa/totp', { token })).body['secret'])
    const confirm = (secret: string) => {
      const body = { code: codeOf(secret, server.clock()) }
      return server.call('POST /api/auth/mfa/totp/confirm', { token, body })
    }
    const late = await start()
    server.clock.advance(10 * minute)
    assert.equal(outcome(await confirm(late)), '400 invalid_code')
    const replaced = await start()
    const before = await start()
    assert.equal(outcome(await confirm(replaced)), '400 invalid_code')
    const change = { currentPassword: testPassword, newPassword: 'another horse battery staple' }
    const changed = await server.call('POST /api/auth/password', { token, body: change })
    token = String(changed.body['token'])
    assert.equal(outcome(await confirm(before)), '400 invalid_code')
    assert.equal(outcome(await confirm(await start())), '200')
  })

  test('takes the place of the one before, whose codes are dead', async (t) => {
    const { server } = await startCluster(t)
    const { token, secret: old } = await personWithApp(server, 'ada')
    const { answer, secret } = await enroll(server, { token })
    const list = await server.call('GET /api/auth/mfa/factors', {
      token: String(answer.body['token']),
    })
    assert.equal((list.body['factors'] as object[]).length, 1)
    server.clock.advance(30_000)
    const wrong = await prove(server, await beginToken(server, 'ada'), codeOf(old, server.clock()))
    assert.equal(outcome(wrong), '400 invalid_code')
    await signInWithApp(server, 'ada', secret)
  })

  test('needs a recent log-in, and is no business of anybody without one', async (t) => {
    const { server } = await startCluster(t)
    await server.open('ada')
    const { accessToken: token } = await server.signIn('ada')
    const calls = ['POST /api/auth/mfa/totp', 'POST /api/auth/mfa/totp/confirm']
    const body = { code: '000000' }
    server.clock.advance(15 * minute - 1_000)
    const { body: begun } = await server.call(calls[0] ?? '', { token })
    assert.ok(begun['secret'])
    server.clock.advance(2_000)
    for (const [index, route] of calls.entries()) {
      const wish = index === 0 ? {} : { body }
      assert.equal(outcome(await server.call(route, wish)), '401 no_token')
      assert.equal(outcome(await server.call(route, { ...wish, token: 'x' })), '401 invalid_token')
    }
    const { refreshToken } = await server.signIn('ada')
    server.clock.advance(15 * minute + 1_000)
    const stale = String((await server.refresh(refreshToken)).body['token'])
    for (const [index, route] of calls.entries()) {
      const answer = await server.call(route, { token: stale, ...(index > 0 && { body }) })
      assert.equal(outcome(answer), '401 insufficient_user_authentication')
    }
  })

  test('is not added with the code of what waits for another account', async (t) => {
    const { server } = await startCluster(t)
    const people = []
    for (const name of ['ada', 'eve']) {
      await server.open(name)
      const { accessToken: token } = await server.signIn(name)
      const { body } = await server.call('POST /api/auth/mfa/totp', { token })
      people.push({ token, code: codeOf(String(body['secret']), server.clock()) })
    }
    const [ada, eve] = people
    const wish = { token: eve?.token, body: { code: ada?.code } }
    const answer = await server.call('POST /api/auth/mfa/totp/confirm', wish)
    assert.equal(outcome(answer), '400 invalid_code')
  })
})

describe('a code of the app', () => {
  test('that confirmed it is no code for a log-in (ASVS v5.0.0-6.5.1)', async (t) => {
    const { server } = await startCluster(t)
    await server.open('ada')
    const { accessToken: token } = await server.signIn('ada')
    const { secret } = await enroll(server, { token })
    const code = codeOf(secret, server.clock())
    const answer = await prove(server, await beginToken(server, 'ada'), code)
    assert.equal(outcome(answer), '400 invalid_code')
  })

  test('opens one session, of twenty that bring it at once to two instances', async (t) => {
    const { server, other } = await startCluster(t, { rateLimitLogin: '100/15m' })
    const { secret } = await personWithApp(server, 'ada')
    for (let round = 0; round < 5; round++) {
      server.clock.advance(15 * minute)
      const code = codeOf(secret, server.clock())
      const mfaTokens = []
      for (let count = 0; count < 10; count++) mfaTokens.push(await beginToken(server, 'ada'))
      const answers = await Promise.all(
        [...mfaTokens, ...mfaTokens].map((mfaToken, turn) =>
          prove(turn % 2 === 0 ? server : other, mfaToken, code),
        ),
      )
      const good = answers.filter(({ status }) => status === 200)
      assert.equal(good.length, 1, answers.map(outcome).join(', '))
      assert.equal(
        outcome(await prove(other, await beginToken(other, 'ada'), code)).startsWith('4'),
        true,
      )
    }
  })

  test('is good one step early or late and no more, by the server’s clock (ASVS v5.0.0-6.5.5, v5.0.0-6.5.8)', async (t) => {
    const { server } = await startCluster(t, { rateLimitLogin: '100/15m' })
    const { secret } = await personWithApp(server, 'ada')
    const headers = { date: new Date(server.clock() + 300_000).toUTCString() }
    for (const [shift, expected] of [
      [-2, '400 invalid_code'],
      [2, '400 invalid_code'],
      [10, '400 invalid_code'],
      [-1, '200'],
      [0, '200'],
      [1, '200'],
      [1, '400 invalid_code'],
      [0, '400 invalid_code'],
    ] as const) {
      if (shift === -1) server.clock.advance(60_000)
      const body = {
        mfaToken: await beginToken(server, 'ada'),
        factor: 'totp',
        code: codeOf(secret, server.clock(), shift),
      }
      const answer = await server.call('POST /api/auth/mfa', { body, headers })
      assert.equal(outcome(answer), expected, `${shift}`)
    }
  })

  test('is guessed ten times, however many log-ins and instances are asked (ASVS v5.0.0-6.6.3)', async (t) => {
    const { server, other } = await startCluster(t)
    const { secret } = await personWithApp(server, 'ada')
    const mfaTokens: string[] = []
    for (let count = 0; count < 24; count++) mfaTokens.push(await beginToken(server, 'ada'))
    const wrong = wrongCode(secret, server.clock())
    const answers = await Promise.all(
      mfaTokens.map((mfaToken, turn) => prove(turn % 2 === 0 ? server : other, mfaToken, wrong)),
    )
    const outcomes = answers.map(outcome)
    assert.equal(outcomes.filter((each) => each === '400 invalid_code').length, 10)
    assert.equal(outcomes.filter((each) => each === '429 too_many_requests').length, 14)
    const right = await prove(other, await beginToken(other, 'ada'), codeOf(secret, server.clock()))
    assert.equal(outcome(right), '429 too_many_requests')
    server.clock.advance(15 * minute)
    await signInWithApp(server, 'ada', secret)
  })

  test('is guessed a hundred times a day, however patient whoever knows the password is', async (t) => {
    const { server } = await startCluster(t)
    const { secret, token } = await personWithApp(server, 'ada')
    const made = await server.call('POST /api/auth/mfa/recovery-codes', { token })
    const [recoveryCode = ''] = made.body['recoveryCodes'] as string[]
    const guessTenTimes = async (): Promise<string[]> => {
      server.clock.advance(15 * minute)
      const mfaToken = await beginToken(server, 'ada')
      const wrong = wrongCode(secret, server.clock())
      const outcomes: string[] = []
      for (let count = 0; count < 10; count++) {
        outcomes.push(outcome(await prove(server, mfaToken, wrong)))
      }
      return outcomes
    }
    for (let round = 0; round < 10; round++) {
      assert.deepEqual(await guessTenTimes(), Array(10).fill('400 invalid_code'))
    }
    assert.deepEqual(await guessTenTimes(), Array(10).fill('429 too_many_requests'))
    const mfaToken = await beginToken(server, 'ada')
    const right = await prove(server, mfaToken, codeOf(secret, server.clock()))
    assert.equal(outcome(right), '429 too_many_requests')
    const unguessable = await prove(server, mfaToken, recoveryCode, 'recovery')
    assert.equal(unguessable.status, 200, 'what nobody can guess stays a way in')
    server.clock.advance(24 * 60 * minute)
    await signInWithApp(server, 'ada', secret)
  })

  test('belongs to a log-in of its own account that still waits', async (t) => {
    const { server } = await startCluster(t)
    const { secret } = await personWithApp(server, 'ada')
    const { secret: evil } = await personWithApp(server, 'eve')
    const mfaToken = await beginToken(server, 'ada')
    const foreign = await prove(server, mfaToken, codeOf(evil, server.clock()))
    assert.equal(outcome(foreign), '400 invalid_code')
    server.clock.advance(10 * minute)
    const old = await prove(server, mfaToken, codeOf(secret, server.clock()))
    assert.equal(outcome(old), '401 invalid_mfa_token')
    const used = await beginToken(server, 'ada')
    assert.equal((await prove(server, used, codeOf(secret, server.clock()))).status, 200)
    server.clock.advance(30_000)
    const again = await prove(server, used, codeOf(secret, server.clock()))
    assert.equal(outcome(again), '401 invalid_mfa_token')
  })

  test('is nothing once its app is removed, and neither is a log-in that waited for it (ASVS v5.0.0-6.5.6)', async (t) => {
    const { server } = await startCluster(t)
    const { token, secret } = await personWithApp(server, 'ada')
    const mfaToken = await beginToken(server, 'ada')
    const list = await server.call('GET /api/auth/mfa/factors', { token })
    const [factor] = list.body['factors'] as { id: string }[]
    const removed = await server.call(`DELETE /api/auth/mfa/factors/${factor?.id}`, { token })
    assert.equal(removed.status, 200)
    const late = await prove(server, mfaToken, codeOf(secret, server.clock()))
    assert.equal(outcome(late), '401 invalid_mfa_token')
    assert.equal((await begin(server, 'ada')).status, 200)
  })

  test('is nothing when the account’s factors were dropped, or the account is disabled', async (t) => {
    const { server, store } = await startCluster(t)
    const { userId, secret } = await personWithApp(server, 'ada')
    const account = await store.findAccount(userId)
    const seenEpoch = account?.sessionEpoch ?? -1
    const mfaToken = await beginToken(server, 'ada')
    await server.auth.accounts.setDisabled(userId, true)
    const code = codeOf(secret, server.clock())
    assert.equal(outcome(await prove(server, mfaToken, code)), '401 invalid_mfa_token')
    await server.auth.accounts.setDisabled(userId, false)
    const waiting = await beginToken(server, 'ada')
    const recovery = { seenEpoch: seenEpoch + 1, dropsFactors: true }
    assert.ok(await store.recoverAccount(userId, recovery, server.clock()))
    assert.equal(outcome(await prove(server, waiting, code)), '401 invalid_mfa_token')
    // The row is still there, and dead.
    assert.equal((await store.listFactors(userId)).length, 1)
    const answer = await begin(server, 'ada')
    assert.equal(answer.status, 200)
    const token = String(answer.body['token'])
    const list = await server.call('GET /api/auth/mfa/factors', { token })
    assert.deepEqual(list.body['factors'], [])
  })
})

describe('a log-in that the policy asks for a factor', () => {
  test('adds an app with its mfaToken and is completed by that', async (t) => {
    const { server } = await startCluster(t, { secondFactor: 'required' })
    await server.open('ada')
    const asked = await begin(server, 'ada')
    assert.equal(outcome(asked), '401 mfa_enrollment_required')
    const mfaToken = String(asked.body['mfaToken'])
    const { answer, secret } = await enroll(server, { mfaToken })
    const signedIn = readSignedIn(answer)
    assert.deepEqual(readClaims(signedIn.accessToken)['amr'], ['pwd', 'otp', 'mfa'])
    assert.equal((await server.refresh(signedIn.refreshToken)).status, 200)
    assert.equal(answer.headers.get('set-cookie'), null, 'as the log-in asked for it')
    server.clock.advance(30_000)
    await signInWithApp(server, 'ada', secret)
    const { accessToken: token } = signedIn
    const list = await server.call('GET /api/auth/mfa/factors', { token })
    const [factor] = list.body['factors'] as { id: string }[]
    const path = `DELETE /api/auth/mfa/factors/${factor?.id}`
    assert.equal(outcome(await server.call(path, { token })), '409 last_factor')
    // Who cannot remove it can still put another in its place.
    await enroll(server, { token })
  })

  test('adds none to an account that has one: that would go around it', async (t) => {
    for (const secondFactor of ['required', 'optional']) {
      const { server } = await startCluster(t, { secondFactor })
      await server.open('ada')
      const first = await begin(server, 'ada')
      const mfaToken = String(first.body['mfaToken'])
      const token = first.status === 200 ? String(first.body['token']) : undefined
      await enroll(server, token === undefined ? { mfaToken } : { token })
      for (const stolen of [mfaToken, await beginToken(server, 'ada')]) {
        const begun = await server.call('POST /api/auth/mfa/totp', { body: { mfaToken: stolen } })
        assert.equal(outcome(begun), '401 invalid_mfa_token')
        const body = { mfaToken: stolen, code: '000000' }
        const confirmed = await server.call('POST /api/auth/mfa/totp/confirm', { body })
        assert.equal(outcome(confirmed), '401 invalid_mfa_token')
      }
    }
  })

  test('is over for an enrolment, too, once another completed one', async (t) => {
    const { server } = await startCluster(t, { secondFactor: 'required' })
    await server.open('ada')
    const thief = await beginToken(server, 'ada')
    const begun = await server.call('POST /api/auth/mfa/totp', { body: { mfaToken: thief } })
    const secret = String(begun.body['secret'])
    await enroll(server, { mfaToken: await beginToken(server, 'ada') })
    const body = { mfaToken: thief, code: codeOf(secret, server.clock()) }
    const late = await server.call('POST /api/auth/mfa/totp/confirm', { body })
    assert.equal(outcome(late), '401 invalid_mfa_token')
  })
})

describe('step-up of an account with an app', () => {
  test('asks for a code beside the password, and replaces the session', async (t) => {
    const { server } = await startCluster(t)
    const { secret } = await personWithApp(server, 'ada')
    const session = await signInWithApp(server, 'ada', secret)
    server.clock.advance(16 * minute)
    const { body } = await server.refresh(session.refreshToken)
    const token = String(body['token'])
    const make = (bearer: string) =>
      server.call('POST /api/auth/mfa/recovery-codes', { token: bearer })
    assert.equal(outcome(await make(token)), '401 insufficient_user_authentication')
    const wish = { password: testPassword, delivery: 'body' }
    const stepped = await server.call('POST /api/auth/step-up', { token, body: wish })
    assert.equal(outcome(stepped), '401 mfa_required')
    assert.deepEqual(stepped.body['factors'], ['totp'])
    const code = codeOf(secret, server.clock())
    const answer = await prove(server, String(stepped.body['mfaToken']), code)
    const fresh = readSignedIn(answer)
    assert.equal(readClaims(fresh.accessToken)['acr'], 'mfa')
    assert.equal((await server.refresh(session.refreshToken)).status, 401)
    assert.equal(outcome(await make(fresh.accessToken)), '200')
  })
})

describe('the secret of an app', () => {
  const old = 'an-old-secret-that-is-long-enough-for-tests'
  const next = 'a-new-secret-that-is-long-enough-for-tests'

  test('stands nowhere in the database, the log or the events (ASVS v5.0.0-11.3.3)', async (t) => {
    const { server, file, store } = await startCluster(t)
    const { userId, secret } = await personWithApp(server, 'ada')
    const { token } = await personWithApp(server, 'bob')
    const waiting = await server.call('POST /api/auth/mfa/totp', { token })
    await store.checkReady()
    const bytes = Buffer.concat([readFileSync(file), readFileSync(`${file}-wal`)])
    const told = JSON.stringify([server.log, server.events])
    for (const shown of [secret, String(waiting.body['secret'])]) {
      const bits = [...shown].map((letter) =>
        'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'),
      )
      const raw = Buffer.from(
        (bits.join('').match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)),
      )
      for (const form of [raw, shown, raw.toString('hex'), raw.toString('base64url')]) {
        assert.equal(bytes.includes(form), false)
        if (typeof form === 'string') assert.equal(told.includes(form), false)
      }
    }
    // And moved to another's row it opens nothing there.
    const [factor] = await store.listFactors(userId)
    const bobs = await store.listFactors(await idOf(store, 'bob'))
    assert.ok(factor && bobs[0])
    await store.swapFactor(bobs[0], { secret: factor.secret, counter: 0 })
    const answer = await prove(
      server,
      await beginToken(server, 'bob'),
      codeOf(secret, server.clock()),
    )
    assert.equal(outcome(answer), '400 invalid_code')
  })

  test('is sealed anew when the master secret rolls, and the old one may go', async (t) => {
    const { server, file, store } = await startCluster(t, { secret: old })
    const { userId, secret } = await personWithApp(server, 'ada')
    const [before] = await store.listFactors(userId)
    await server.auth.close()
    t.mock.timers.enable({ apis: ['setInterval'] })
    const rolled = await startCluster(t, {
      databaseUrl: `sqlite:${file}`,
      secret: `${next},${old}`,
    })
    rolled.server.clock.advance(30_000)
    await signInWithApp(rolled.server, 'ada', secret)
    assert.equal((await store.listFactors(userId))[0]?.secret, before?.secret)
    t.mock.timers.tick(600_000)
    const isResealed = async () => (await store.listFactors(userId))[0]?.secret !== before?.secret
    for (let turn = 0; !(await isResealed()); turn++) {
      assert.ok(turn < 2_000)
      await new Promise(setImmediate)
    }
    t.mock.timers.reset()
    await rolled.server.auth.close()
    await rolled.other.auth.close()
    const { server: last } = await startCluster(t, { databaseUrl: `sqlite:${file}`, secret: next })
    last.clock.advance(90_000)
    await signInWithApp(last, 'ada', secret)
  })
})

async function idOf(
  store: { findAccountByUsername: (key: string) => Promise<{ id: string } | undefined> },
  name: string,
): Promise<string> {
  return (await store.findAccountByUsername(name))?.id ?? ''
}
