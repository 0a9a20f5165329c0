import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { call } from '../client/call.fixture.ts'
import {
  administrator,
  logIn,
  newcomer,
  profileOf,
  refreshByBody,
  register,
} from '../client/people.fixture.ts'
import { assertProblem } from '../client/problem.fixture.ts'
import { startTarget, type Target } from '../targets/target.fixture.ts'

// Two processes on one database, as behind a balancer. They agree on the issuer.
const variables = { PUBLIC_URL: 'https://auth.example.com' }
let program: Target
let library: Target

before(async () => {
  program = await startTarget('program', variables)
  library = await startTarget('express', {
    ...variables,
    DATABASE_URL: `sqlite:${program.databaseFile}`,
  })
})
after(async () => {
  await library.stop()
  await program.stop()
})

test('a session that ends in one process is over in the other within the promised bound (v5.0.0-7.4.1)', async () => {
  const person = await newcomer(program)
  assert.equal((await profileOf(library, person.token)).status, 200, 'keys are shared')
  const logout = { method: 'POST', token: person.token }
  assert.equal((await call(program, '/api/auth/logout', logout)).status, 204)
  assertProblem(await refreshByBody(library, person.refreshToken), 401, 'token_revoked')
  // Polled: the bound is published and measured elsewhere; here it only has to come.
  while ((await profileOf(library, person.token)).status === 200);
  assertProblem(await profileOf(library, person.token), 401, 'invalid_token')
})

test('what raises an epoch counts at once in every process: log out everywhere, password, role, disabling, deletion (v5.0.0-8.3.2)', async () => {
  const { token } = await administrator(program)
  const patch = (json: object) => (id: string) =>
    call(program, `/api/users/${id}`, { method: 'PATCH', json, token })
  const acts: ((id: string, own: string, password: string) => Promise<{ status: number }>)[] = [
    (_id, own) => call(program, '/api/auth/logout-all', { method: 'POST', token: own }),
    (_id, own, currentPassword) =>
      call(program, '/api/auth/password', {
        json: { currentPassword, newPassword: `${currentPassword}!` },
        token: own,
      }),
    patch({ role: 'admin' }),
    patch({ disabled: true }),
    (id) => call(program, `/api/users/${id}`, { method: 'DELETE', token }),
    (id) => call(program, `/api/users/${id}/sessions`, { method: 'DELETE', token }),
  ]
  for (const act of acts) {
    const person = await register(program)
    const here = await logIn(program, person)
    const there = await logIn(library, person)
    assert.equal((await profileOf(library, there.token)).status, 200)
    assert.ok((await act(person.id, here.token, person.password)).status < 300)
    assertProblem(await profileOf(library, there.token), 401, 'invalid_token')
  }
})
