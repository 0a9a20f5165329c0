import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync, StatementSync } from 'node:sqlite'
import { describe, test, type TestContext } from 'node:test'
import { readSignedIn, startTestServer, testPassword } from '../countersign.fixture.ts'
import { until } from '../../../../tools/until.ts'
import { createTestMailbox } from '../mail/mailbox.fixture.ts'

const old = 'old@example.org'
const fresh = 'new@example.org'
const owned = 'the owner chose this one'

async function setUp(t: TestContext, isAnswerLost: (subject: string) => boolean = () => false) {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'x.db')
  const mailbox = createTestMailbox()
  const server = await startTestServer(t, {
    databaseUrl: `sqlite:${file}`,
    sendMail: async (message) => {
      await mailbox.sendMail(message)
      if (isAnswerLost(message.subject)) throw new Error('The mail server did not answer')
    },
    rateLimitMail: '100/1h',
    rateLimitAnonymous: '1000/1h',
  })
  const register = async (username: string, email: string) => {
    const body = { username, password: testPassword, email }
    await server.call('POST /api/auth/register', { body })
    const token = await mailbox.takeToken(email)
    const proof = { body: { token, password: testPassword } }
    assert.equal((await server.call('POST /api/auth/email/verify', proof)).status, 204)
  }
  await register('ada', old)
  const session = await server.signIn('ada')
  const ask = (email: string, token = session.accessToken) =>
    server.call('POST /api/auth/email', { token, body: { email } })
  const confirm = (token: string) =>
    server.call('POST /api/auth/email/confirm', { body: { token } })
  const undo = (token: string) =>
    server.call('POST /api/auth/email/undo', { body: { token, newPassword: owned } })
  const logIn = async (username: string, password = testPassword) =>
    (await server.call('POST /api/auth/login', { body: { username, password } })).status
  /** A second factor that is there, however it came. */
  const addFactor = (createdAt: number): void => {
    const database = new DatabaseSync(file)
    const values = `'f', '${session.userId}', 'totp', '', 0, NULL, 'x', 0, ${createdAt}, NULL`
    database.exec(`INSERT INTO factors VALUES (${values})`)
    database.close()
  }
  return { addFactor, server, mailbox, register, session, ask, confirm, undo, logIn }
}

describe('changing an address', () => {
  test('waits for the new mailbox, and tells the old one', async (t) => {
    const { mailbox, ask, confirm, logIn } = await setUp(t)
    assert.equal((await ask(fresh)).status, 202)
    const token = await mailbox.takeToken(fresh)
    assert.deepEqual([await logIn(old), await logIn(fresh)], [200, 401])
    assert.equal((await confirm(token)).status, 204)
    assert.deepEqual([await logIn(old), await logIn(fresh)], [401, 200])
    assert.match((await mailbox.take(old)).text, /new@example\.org/)
    assert.equal((await confirm(token)).status, 400)
  })

  test('needs a recent log-in', async (t) => {
    const { server, session, ask } = await setUp(t)
    server.clock.advance(14 * 60_000)
    const { body } = await server.refresh(session.refreshToken)
    server.clock.advance(2 * 60_000)
    const answer = await ask(fresh, String(body['accessToken']))
    assert.equal(answer.body['code'], 'insufficient_user_authentication')
  })

  test('to an address of another account answers alike, and only its owner is told', async (t) => {
    const { mailbox, register, ask } = await setUp(t)
    await register('bob', 'bob@example.org')
    const taken = await ask('bob@example.org')
    const free = await ask(fresh)
    assert.deepEqual([taken.status, taken.body], [free.status, free.body])
    assert.match((await mailbox.take('bob@example.org')).subject, /already have/)
  })

  test('is undone by the old mailbox, and whoever did it is out', async (t) => {
    const { server, mailbox, session, ask, confirm, undo, logIn } = await setUp(t)
    await ask(fresh)
    await confirm(await mailbox.takeToken(fresh))
    const token = await mailbox.takeToken(old)
    server.clock.advance(6 * 86_400_000)
    assert.equal((await undo(token)).status, 204)
    const told = await mailbox.take(fresh)
    assert.match(told.subject, /taken back/)
    assert.doesNotMatch(told.text, /#/, 'and has nothing to undo it with')
    assert.equal((await server.refresh(session.refreshToken)).status, 401)
    assert.deepEqual([await logIn(fresh), await logIn('ada')], [401, 401])
    assert.equal(await logIn(old, owned), 200)
    assert.equal((await undo(token)).status, 400)
  })

  test('is undone also when it was changed again, and not after a week', async (t) => {
    const { server, mailbox, ask, confirm, undo, logIn } = await setUp(t)
    await ask(fresh)
    await confirm(await mailbox.takeToken(fresh))
    const token = await mailbox.takeToken(old)
    await ask('third@example.org')
    await confirm(await mailbox.takeToken('third@example.org'))
    const second = await mailbox.takeToken(fresh)
    assert.equal((await undo(token)).status, 204)
    assert.equal(await logIn(old, owned), 200)
    server.clock.advance(7 * 86_400_000)
    assert.equal((await undo(second)).status, 400)
  })

  test('that is undone takes later ones with it: their mailboxes get the account from nobody', async (t) => {
    const { server, mailbox, session, ask, confirm, undo, logIn } = await setUp(t)
    const change = async (from: string, to: string, token = session.accessToken) => {
      await ask(to, token)
      await confirm(await mailbox.takeToken(to))
      return mailbox.takeToken(from)
    }
    // At one moment, or almost: the order of changes is not that of clocks.
    const first = await change(old, fresh)
    const second = await change(fresh, 'third@example.org')
    const third = await change('third@example.org', 'fourth@example.org')
    assert.equal((await undo(second)).status, 204, 'whoever did it goes on')
    assert.equal((await undo(third)).body['code'], 'invalid_code')
    assert.equal((await undo(first)).status, 204)
    assert.match((await mailbox.take(fresh)).subject, /taken back/)
    server.clock.advance(1_000)
    for (const token of [first, second, third]) {
      assert.equal((await undo(token)).body['code'], 'invalid_code')
    }
    assert.equal(await logIn(old, owned), 200)

    const body = { username: old, password: owned, delivery: 'body' }
    const again = readSignedIn(await server.call('POST /api/auth/login', { body }))
    const later = await change(old, fresh, again.accessToken)
    assert.equal((await undo(later)).status, 204, 'a change of after it is undone like any other')
  })

  test('that is undone has the last word over a later one that is undone at the same moment', async (t) => {
    // Whose new password is hashed first comes first: until it was the earlier change's.
    for (let turn = 0, isLate = false; turn < 10 && !isLate; turn++) {
      const { mailbox, ask, confirm, undo, logIn } = await setUp(t)
      await ask(fresh)
      await confirm(await mailbox.takeToken(fresh))
      const first = await mailbox.takeToken(old)
      await ask('third@example.org')
      await confirm(await mailbox.takeToken('third@example.org'))
      const second = await mailbox.takeToken(fresh)
      const [undone, late] = await Promise.all([undo(first), undo(second)])
      assert.equal(undone.status, 204)
      assert.deepEqual([await logIn(old, owned), await logIn(fresh, owned)], [200, 401])
      isLate = late.body['code'] === 'invalid_code'
    }
  })

  test('is undone once, whatever number of mails told of it', async (t) => {
    let lost = 0
    const isAnswerLost = (subject: string) => /was changed/.test(subject) && lost++ === 0
    const { server, mailbox, ask, confirm, undo } = await setUp(t, isAnswerLost)
    await ask(fresh)
    await confirm(await mailbox.takeToken(fresh))
    const first = await mailbox.takeToken(old)
    await until(
      () => server.log.some(({ message }) => message === 'A mail could not be sent'),
      'a mail that is put off',
    )
    server.clock.advance(60_000)
    await server.call('POST /api/auth/password/forgot', { body: { email: 'x@example.org' } })
    const second = await mailbox.takeToken(old)
    assert.notEqual(first, second)
    assert.equal((await undo(second)).status, 204)
    assert.equal((await undo(first)).body['code'], 'invalid_code')
  })

  test('is undone also when whoever did it goes on changing the account at that moment', async (t) => {
    const { mailbox, ask, confirm, undo, logIn } = await setUp(t)
    await ask(fresh)
    await confirm(await mailbox.takeToken(fresh))
    const token = await mailbox.takeToken(old)
    const real = StatementSync.prototype['get']
    let swaps = 0
    const losing = t.mock.method(
      StatementSync.prototype,
      'get',
      function (this: StatementSync, ...values: never[]) {
        const isSwap = /^update "users" .*"factor_epoch" =/.test(this.sourceSQL)
        if (isSwap && swaps++ < 2) return undefined
        return Reflect.apply(real, this, values)
      },
    )
    assert.equal((await undo(token)).status, 204)
    losing.mock.restore()
    assert.deepEqual([swaps, await logIn(old, owned)], [3, 200])
  })

  test('is undone with whatever second factor was added since', async (t) => {
    const { server, mailbox, ask, confirm, undo, logIn, addFactor } = await setUp(t)
    await ask(fresh)
    await confirm(await mailbox.takeToken(fresh))
    const token = await mailbox.takeToken(old)
    server.clock.advance(1_000)
    addFactor(server.clock())
    assert.equal(await logIn(fresh), 401, 'whoever changed it locked the account')
    assert.equal((await undo(token)).status, 204)
    assert.equal(await logIn(old, owned), 200)
  })

  test('is not undone by the mailbox alone where a second factor was there before', async (t) => {
    const { server, mailbox, ask, confirm, undo, logIn, addFactor } = await setUp(t)
    addFactor(server.clock())
    server.clock.advance(1_000)
    await ask(fresh)
    await confirm(await mailbox.takeToken(fresh))
    const answer = await undo(await mailbox.takeToken(old))
    assert.deepEqual([answer.status, answer.body['code']], [401, 'mfa_required'])
    assert.deepEqual(answer.body['factors'], ['totp'])
    assert.equal(await logIn(old, owned), 401)
  })

  test('is neither confirmed nor undone for an account that is disabled', async (t) => {
    const { server, mailbox, session, ask, confirm, undo } = await setUp(t)
    await ask(fresh)
    await confirm(await mailbox.takeToken(fresh))
    const token = await mailbox.takeToken(old)
    await ask('third@example.org')
    const third = await mailbox.takeToken('third@example.org')
    await server.auth.accounts.setDisabled(session.userId, true)
    assert.equal((await undo(token)).body['code'], 'invalid_code')
    assert.equal((await confirm(third)).body['code'], 'invalid_code')
  })

  test('has a link that is good once, also when the account went back since', async (t) => {
    const { mailbox, ask, confirm, logIn } = await setUp(t)
    await ask(fresh)
    const first = await mailbox.takeToken(fresh)
    assert.equal((await confirm(first)).status, 204)
    await mailbox.take(old)
    await ask(old)
    assert.equal((await confirm(await mailbox.takeToken(old))).status, 204)
    assert.equal((await confirm(first)).status, 400)
    assert.deepEqual([await logIn(old), await logIn(fresh)], [200, 401])
  })

  test('has a link that ends as soon as another one has changed the address', async (t) => {
    const { mailbox, ask, confirm, logIn } = await setUp(t)
    await ask('third@example.org')
    const waiting = await mailbox.takeToken('third@example.org')
    await ask(fresh)
    assert.equal((await confirm(await mailbox.takeToken(fresh))).status, 204)
    assert.equal((await confirm(waiting)).body['code'], 'invalid_code')
    assert.deepEqual([await logIn('third@example.org'), await logIn(fresh)], [401, 200])
  })

  test('is void after a password change', async (t) => {
    const { server, mailbox, session, ask, confirm } = await setUp(t)
    await ask(fresh)
    const token = await mailbox.takeToken(fresh)
    const body = { currentPassword: testPassword, newPassword: owned }
    await server.call('POST /api/auth/password', { token: session.accessToken, body })
    assert.equal((await confirm(token)).status, 400)
  })
})
