// Requests that race, over HTTP, against two real processes on one database.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  call,
  callPatiently,
  generousLimits,
  logIn,
  refresh,
  register,
  until,
} from './caller.fixture.ts'
import type { Reply } from './caller.fixture.ts'
import { createProgram } from './program.fixture.ts'

const password = 'a long enough phrase 7'
const newPassword = 'quite another phrase 8'

describe('requests that race through two processes on one database', () => {
  let urls: readonly string[]
  let root: Reply
  const ends: (() => void)[] = []
  const at = (turn: number): string => urls[turn % urls.length] ?? ''

  before(async () => {
    const program = createProgram({ after: (end) => ends.push(end) })
    const words = ['users', 'add', 'root', '--admin', '--password-stdin']
    assert.equal((await program.run(words, { input: password })).code, 0)
    const variables = { ...generousLimits, JWT_ISSUER: 'http://localhost:3000' }
    const servers = [await program.start(variables), await program.start(variables)]
    urls = servers.map(({ url }) => url)
    root = await logIn(at(0), 'root', password)
  })
  after(() => {
    for (const end of ends.toReversed()) end()
  })

  test('50 refreshes of one token at once all get the same successor', async () => {
    await register(at(0), 'tabs', password)
    let { refreshToken } = await logIn(at(0), 'tabs', password)
    for (let round = 0; round < 3; round++) {
      const token = refreshToken
      const replies = await race(50, (turn) => refresh(at(turn), token))
      assert.deepEqual(statusesOf(replies), { 200: 50 })
      const successors = new Set(replies.map((reply) => reply.refreshToken))
      assert.equal(successors.size, 1)
      refreshToken = replies[0]?.refreshToken ?? ''
      assert.notEqual(refreshToken, token)
      for (const [turn, { token }] of replies.entries()) {
        if (turn % 10 < 2) assert.equal((await call(at(turn), '/api/users', { token })).status, 200)
      }
    }
  })

  test('of 20 registrations of one name at once, one succeeds', async () => {
    const spellings = ['Ada', 'ADA', 'ada', 'aDa']
    const bodyOf = (turn: number) => ({
      username: spellings[turn % spellings.length] ?? '',
      password: `${password} ${turn}`,
    })
    const replies = await race(20, (turn) =>
      callPatiently(at(turn), '/api/auth/register', { body: bodyOf(turn) }),
    )
    assert.deepEqual(statusesOf(replies), { 201: 1, 400: 19 })
    assert.ok(replies.every(({ status, code }) => status === 201 || code === 'username_taken'))
    const winner = replies.findIndex(({ status }) => status === 201)
    const login = await logIn(at(1), 'ada', bodyOf(winner).password)
    assert.equal(login.user.username, bodyOf(winner).username)
    const loser = await logIn(at(0), 'ada', bodyOf((winner + 1) % 20).password)
    assert.equal(loser.status, 401)
  })

  test('of 50 log-ins that race a password change, none with the old password stays alive', async () => {
    await register(at(0), 'grace', password)
    const owner = await logIn(at(1), 'grace', password)
    const change = { currentPassword: password, newPassword }
    const changing = callPatiently(at(1), '/api/auth/password', {
      body: change,
      token: owner.token,
    })
    const replies = await race(50, async (turn) => {
      const body = { username: 'grace', password, delivery: 'body' }
      return call(at(turn), '/api/auth/login', { body })
    })
    assert.equal((await changing).status, 200)
    await assertAllDead(
      urls,
      replies.filter(({ status }) => status === 200),
    )
    assert.equal((await logIn(at(0), 'grace', password)).status, 401)
    assert.equal((await logIn(at(1), 'grace', newPassword)).status, 200)
    assert.equal((await refresh(at(0), owner.refreshToken)).status, 200, 'its own session goes on')
  })

  test('of two administrators who demote each other, one stays', async () => {
    const body = { username: 'second', password, role: 'admin' }
    const made = await callPatiently(at(0), '/api/users', { body, token: root.token })
    assert.equal(made.status, 201)
    let admins = [root, await logIn(at(1), 'second', password)]
    for (let round = 0; round < 5; round++) {
      const replies = await race(2, (turn) => {
        const other = admins[1 - turn]?.user.id ?? ''
        return setRole(at(turn), other, 'user', admins[turn]?.token ?? '')
      })
      assert.equal(statusesOf(replies)[200], 1, JSON.stringify(replies))
      const loser = replies.find(({ status }) => status !== 200)
      assert.ok([401, 403, 409].includes(loser?.status ?? 0))
      const stays = admins[replies.findIndex(({ status }) => status === 200)]
      const gone = admins.find((admin) => admin !== stays)
      // Its token is as good as before, and names the one who may administer.
      const again = await setRole(at(round), gone?.user.id ?? '', 'admin', stays?.token ?? '')
      assert.equal(again.status, 200, 'the one who stays can still administer')
      admins = await Promise.all(
        admins.map(async (admin) => refresh(at(round), admin.refreshToken)),
      )
    }
    ;[root = root] = admins
  })

  test('a refresh that races a log-out leaves nothing alive', async () => {
    await register(at(0), 'leaver', password)
    for (let round = 0; round < 5; round++) {
      const { refreshToken } = await logIn(at(round), 'leaver', password)
      const body = { refreshToken }
      const leave = () => call(at(1), '/api/auth/logout', { body })
      const replies = await race(12, (turn) =>
        turn === 5 ? leave() : refresh(at(turn), refreshToken),
      )
      assert.equal(replies[5]?.status, 204)
      const refreshed = replies.filter(({ status }) => status === 200)
      const refused = replies.filter(
        ({ status, code }) => status === 401 && code === 'token_revoked',
      )
      assert.equal(refreshed.length + refused.length, 11)
      await assertAllDead(urls, refreshed)
      assert.equal((await refresh(at(round), refreshToken)).code, 'token_revoked')
    }
  })

  test('a superseded token ends the session in both processes, with every token of it', async () => {
    await register(at(0), 'victim', password)
    const stolen = await logIn(at(0), 'victim', password)
    const second = await refresh(at(0), stolen.refreshToken)
    const third = await refresh(at(1), second.refreshToken)
    const replies = await race(6, (turn) => refresh(at(turn), stolen.refreshToken))
    assert.ok(replies.every(({ code }) => code === 'token_revoked'))
    await assertAllDead(urls, [stolen, second, third])
  })

  test('log-ins and refreshes that race a disabling leave nothing alive', async () => {
    await register(at(0), 'mallory', password)
    const sessions = await race(4, (turn) => logIn(at(turn), 'mallory', password))
    const id = sessions[0]?.user.id ?? ''
    const disable = () =>
      call(at(1), `/api/users/${id}`, {
        method: 'PATCH',
        body: { disabled: true },
        token: root.token,
      })
    const replies = await race(25, (turn) => {
      if (turn === 12) return disable()
      if (turn % 5 === 0) return logIn(at(turn), 'mallory', password)
      return refresh(at(turn), sessions[turn % 4]?.refreshToken ?? '')
    })
    assert.equal(replies[12]?.status, 200)
    const granted = replies.filter(({ status, refreshToken }) => status === 200 && refreshToken)
    await assertAllDead(urls, [...granted, ...sessions])
    assert.equal((await logIn(at(0), 'mallory', password)).code, 'invalid_credentials')
    const enabled = await call(at(0), `/api/users/${id}`, {
      method: 'PATCH',
      body: { disabled: false },
      token: root.token,
    })
    assert.equal(enabled.status, 200)
    await assertAllDead(urls, [...granted, ...sessions])
    assert.equal((await logIn(at(1), 'mallory', password)).status, 200)
  })
})

function race<T>(count: number, act: (turn: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, turn) => act(turn)))
}

function statusesOf(replies: readonly Reply[]): Record<number, number> {
  const counts: Record<number, number> = {}
  for (const { status } of replies) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

function setRole(url: string, id: string, role: string, token: string): Promise<Reply> {
  return call(url, `/api/users/${id}`, { method: 'PATCH', body: { role }, token })
}

/** Neither token of these grants continues anything. A process hears of another's log-outs within its bound. */
async function assertAllDead(urls: readonly string[], grants: readonly Reply[]): Promise<void> {
  for (const url of urls) {
    for (const { token, refreshToken } of grants) {
      assert.equal((await refresh(url, refreshToken)).code, 'token_revoked')
      await until(async () => (await call(url, '/api/users', { token })).status === 401)
    }
  }
}
