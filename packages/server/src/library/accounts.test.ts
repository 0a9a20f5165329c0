import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { startTestServer, testPassword } from '../countersign.fixture.ts'

const ada = { username: 'Ada', password: testPassword }

describe('accounts in process', () => {
  test('are made also where registration is closed, with the first role or the one asked for', async (t) => {
    const { auth, takeEvents } = await startTestServer(t, { registration: 'closed' })
    const opened = await auth.accounts.create(ada)
    assert.ok(opened.ok)
    const { id, createdAt: _created, updatedAt: _updated, ...shown } = opened.account
    assert.deepEqual(shown, { username: 'Ada', role: 'user', roles: ['user'], disabled: false })
    const admin = await auth.accounts.create({ ...ada, username: 'root', role: 'admin' })
    assert.ok(admin.ok && admin.account.role === 'admin')
    assert.deepEqual(
      takeEvents().map(({ type, actorId, subjectId, ip, detail }) => [
        type,
        actorId,
        subjectId,
        ip,
        detail,
      ]),
      [
        ['account.created', null, id, null, { role: 'user' }],
        ['account.created', null, admin.account.id, null, { role: 'admin' }],
      ],
    )
  })

  test('are refused with a reason and words for people, and nothing is recorded', async (t) => {
    const { auth, takeEvents } = await startTestServer(t, {
      passwordCommon: 'refuse',
      serviceName: 'Acme Store',
    })
    await auth.accounts.create(ada)
    takeEvents()
    const refused = [
      [{ ...ada, username: 'x' }, 'invalid_username', /3 to 64/],
      [{ ...ada, username: 'bob', email: 'x' }, 'invalid_email', /not an e-mail/],
      [{ ...ada, username: 'bob', role: 'root' }, 'unknown_role', /no such role/],
      [{ ...ada, username: 'ADA' }, 'username_taken', /Another account/],
      [{ username: 'bob', password: 'short' }, 'weak_password', /at least 8 characters/],
      [{ username: 'bob', password: 'password123' }, 'weak_password', /most common/],
      [{ username: 'bob', password: 'acme-store-2026' }, 'weak_password', /anybody would try/],
    ] as const
    for (const [wish, reason, message] of refused) {
      const result = await auth.accounts.create(wish)
      assert.ok(!result.ok)
      assert.equal(result.reason, reason)
      assert.match(result.message, message)
    }
    assert.deepEqual(takeEvents(), [])
  })

  test('are found by id and by name in any case, and not once they are deleted', async (t) => {
    const { auth, open } = await startTestServer(t)
    const id = await open('Ada')
    for (const name of [id, 'Ada', 'ada', 'ＡＤＡ']) {
      assert.equal((await auth.accounts.find(name))?.id, id, name)
    }
    assert.equal(await auth.accounts.find('bob'), undefined)
    assert.equal(await auth.accounts.find(''), undefined)
    assert.equal(await auth.accounts.find(id.slice(0, -1)), undefined)
    assert.deepEqual(await auth.accounts.delete(id), { ok: true })
    assert.equal(await auth.accounts.find(id), undefined)
    assert.equal(await auth.accounts.find('ada'), undefined)
    const again = await auth.accounts.delete(id)
    assert.equal(!again.ok && again.reason, 'not_found')
  })

  test('are not found by the id of one that is gone, whoever took it for a name', async (t) => {
    const { auth, call, open } = await startTestServer(t)
    const id = await open('ada')
    await auth.accounts.delete(id)
    const body = { username: id, password: testPassword }
    const { status, body: registered } = await call('POST /api/auth/register', { body })
    assert.equal(status, 201)
    assert.equal(await auth.accounts.find(id), undefined)
    const own = (registered['user'] as { readonly id: string }).id
    assert.equal((await auth.accounts.find(own))?.username, id)
  })

  test('are listed in order of creation, in pages of bounded size', async (t) => {
    const { auth, open, clock } = await startTestServer(t)
    const ids: string[] = []
    for (const name of ['ada', 'bob', 'adam']) {
      clock.advance(1)
      ids.push(await open(name))
    }
    const idsOf = async (page?: Parameters<typeof auth.accounts.list>[0]) =>
      (await auth.accounts.list(page)).map(({ id }) => id)
    assert.deepEqual(await idsOf(), ids)
    assert.deepEqual(await idsOf({ limit: 2 }), ids.slice(0, 2))
    assert.deepEqual(await idsOf({ limit: 2, afterId: ids[1] ?? '' }), ids.slice(2))
    assert.deepEqual(await idsOf({ q: 'ADA' }), [ids[0], ids[2]])
    assert.deepEqual(await idsOf({ q: '%' }), [])
    for (const limit of [0, -5]) assert.deepEqual(await idsOf({ limit }), ids.slice(0, 1))
    for (const limit of [1e9, Infinity]) assert.deepEqual(await idsOf({ limit }), ids)
    // What no host means: counted as the default, never handed to the database.
    for (const limit of [Number.NaN, 2.9]) {
      const listed = await idsOf({ limit })
      assert.equal(listed.length, Number.isNaN(limit) ? 3 : 2)
    }
  })

  test('change role and standing at once, and every change is recorded', async (t) => {
    const { auth, open, signIn, call, takeEvents } = await startTestServer(t)
    await open('root', 'admin')
    const id = await open('ada')
    const { accessToken, refreshToken } = await signIn('ada')
    takeEvents()
    const changed = await auth.accounts.setRole(id, 'admin')
    assert.ok(changed.ok && changed.account.role === 'admin')
    assert.equal((await call('GET /api/users', { token: accessToken })).status, 401)
    const disabled = await auth.accounts.setDisabled(id, true)
    assert.ok(disabled.ok && disabled.account.disabled)
    assert.equal((await call('POST /api/auth/refresh', { body: { refreshToken } })).status, 401)
    assert.ok((await auth.accounts.setDisabled(id, false)).ok)
    await auth.accounts.setDisabled(id, false)
    assert.deepEqual(
      takeEvents().map(({ type, actorId, subjectId, detail }) => [
        type,
        actorId,
        subjectId,
        detail,
      ]),
      [
        ['account.role_changed', null, id, { from: 'user', to: 'admin' }],
        ['account.disabled', null, id, {}],
        ['account.enabled', null, id, {}],
      ],
    )
  })

  test('refuse a role that there is not, an account that there is not, and the last administrator', async (t) => {
    const { auth, open } = await startTestServer(t)
    const root = await open('root', 'admin')
    const { accounts } = auth
    const refused = [
      [accounts.setRole(root, 'root'), 'unknown_role'],
      [accounts.setRole(root, 'user'), 'last_admin'],
      [accounts.setDisabled(root, true), 'last_admin'],
      [accounts.delete(root), 'last_admin'],
      [accounts.setRole('unknown', 'user'), 'not_found'],
      [accounts.setDisabled('unknown', true), 'not_found'],
      [accounts.setPassword('unknown', testPassword), 'not_found'],
      [accounts.delete('unknown'), 'not_found'],
    ] as const
    for (const [result, reason] of refused) {
      const failure = await result
      assert.ok(!failure.ok)
      assert.equal(failure.reason, reason)
      assert.match(failure.message, /\.$/)
    }
    assert.equal(await auth.hasAdministrator(), true)
  })

  test('get another password that ends every session and token', async (t) => {
    const { auth, open, signIn, call, refresh, takeEvents } = await startTestServer(t)
    const id = await open('ada')
    const { accessToken, refreshToken } = await signIn('ada')
    takeEvents()
    const next = 'another horse battery staple'
    assert.ok((await auth.accounts.setPassword(id, next)).ok)
    assert.equal((await call('GET /api/users', { token: accessToken })).status, 401)
    assert.equal((await refresh(refreshToken)).status, 401)
    const login = (password: string) =>
      call('POST /api/auth/login', { body: { username: 'ada', password } })
    assert.equal((await login(testPassword)).status, 401)
    assert.equal((await login(next)).status, 200)
    const [first] = takeEvents()
    assert.deepEqual(
      [first?.type, first?.actorId, first?.subjectId],
      ['password.set_by_admin', null, id],
    )
  })

  test('refuse a password that is weak, and keep the old one', async (t) => {
    const { auth, open, signIn } = await startTestServer(t, { passwordCommon: 'refuse' })
    const id = await open('ada.lovelace')
    for (const password of ['short', 'password123', 'ada.lovelace1', 'nul\0nul\0nul']) {
      const result = await auth.accounts.setPassword(id, password)
      assert.equal(!result.ok && result.reason, 'weak_password', password)
    }
    await signIn('ada.lovelace')
  })

  test('pass a warning on where common passwords are accepted', async (t) => {
    const { auth } = await startTestServer(t, { passwordCommon: 'warn' })
    const opened = await auth.accounts.create({ username: 'ada', password: 'password123' })
    assert.ok(opened.ok && opened.warning === 'common')
    const changed = await auth.accounts.setPassword(opened.account.id, 'iloveyou1')
    assert.ok(changed.ok && changed.warning === 'common')
  })
})
