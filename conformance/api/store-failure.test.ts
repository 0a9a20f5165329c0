// The database as an operator may find it: held by another process.

import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { call } from '../client/call.fixture.ts'
import {
  administrator,
  logIn,
  newcomer,
  profileOf,
  refreshByBody,
} from '../client/people.fixture.ts'
import { assertProblem } from '../client/problem.fixture.ts'
import { newName, newPassword, startTarget } from '../targets/target.fixture.ts'

test('while another process locks the database nothing is let through or half done, and afterwards all goes on (v5.0.0-16.5.2, v5.0.0-16.5.3, v5.0.0-2.3.3)', async (t) => {
  const target = await startTarget('program')
  t.after(() => target.stop())
  const person = await newcomer(target)
  const admin = await administrator(target)
  const json = { username: newName(), password: newPassword() }
  const { username, password } = person
  const writes = [
    () => call(target, '/api/auth/register', { json }),
    () => call(target, '/api/auth/login', { json: { username, password } }),
    () => call(target, '/api/auth/login', { json: { username, password: 'wrong' } }),
    () => refreshByBody(target, person.refreshToken),
    () => call(target, '/api/auth/logout', { method: 'POST', token: person.token }),
    () =>
      call(target, `/api/users/${person.id}`, {
        method: 'PATCH',
        json: { role: 'admin' },
        token: admin.token,
      }),
  ]
  const lock = new DatabaseSync(target.databaseFile)
  lock.exec('BEGIN IMMEDIATE')
  const answers = await Promise.all(writes.map((write) => write()))
  for (const answer of answers) {
    assertProblem(answer, 503, 'unavailable')
    assert.ok(Number(answer.headers['retry-after']) >= 1)
    assert.doesNotMatch(answer.text, /sqlite|locked|busy/i)
  }
  assertProblem(await call(target, '/health/ready'), 503, 'unavailable')
  assert.equal((await call(target, '/health/live')).status, 200)
  assert.equal((await profileOf(target, person.token)).status, 200, 'reads go on')
  lock.exec('ROLLBACK')
  lock.close()

  assert.equal((await call(target, '/health/ready')).status, 200)
  assert.equal((await profileOf(target, person.token)).json.role, 'user')
  assert.equal((await refreshByBody(target, person.refreshToken)).status, 200, 'it was not spent')
  assert.equal((await call(target, '/api/auth/register', { json })).status, 201)
  await logIn(target, person)
})
