// Who exists is not to be told by a log-in. This is no timed test (a busy machine would decide it): it compares what an
// attacker sees, and shows by the queue of hashes that an unknown name is given the same work.

import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { type Answer, call } from '../client/call.fixture.ts'
import { administrator, newcomer, refreshByBody, register } from '../client/people.fixture.ts'
import { behindEachDoor, newName, newPassword, type Target } from '../targets/target.fixture.ts'

/** Everything of the answer that may not tell two cases apart. */
function visible({ status, headers, json }: Answer): object {
  const { requestId, ...body } = json
  assert.equal(typeof requestId, 'string')
  const changing = ['date', 'x-request-id', 'ratelimit-remaining', 'ratelimit-reset']
  const names = Object.keys(headers).sort()
  const values = names.map((name) => [name, changing.includes(name) ? 'any' : headers[name]])
  return { status, body, values }
}

async function disabledPerson(target: Target) {
  const person = await register(target)
  const { token } = await administrator(target)
  const options = { method: 'PATCH', json: { disabled: true }, token }
  assert.equal((await call(target, `/api/users/${person.id}`, options)).status, 200)
  return person
}

behindEachDoor({ doors: ['program', 'express'] }, (target) => {
  let cases: Readonly<Record<string, { username: string; password: string }>>
  before(async () => {
    const known = await register(target())
    const disabled = await disabledPerson(target())
    const deleted = await register(target())
    const { token } = await administrator(target())
    await call(target(), `/api/users/${deleted.id}`, { method: 'DELETE', token })
    cases = {
      'a wrong password': { username: known.username, password: newPassword() },
      'an unknown name': { username: newName(), password: known.password },
      'a name that nobody can have': { username: 'a@b<>', password: known.password },
      'a disabled account, right password': disabled,
      'a disabled account, wrong password': { ...disabled, password: newPassword() },
      'a deleted account': deleted,
      'a very long name': { username: 'x'.repeat(4000), password: known.password },
    }
  })

  test('unknown, wrong, disabled and deleted are one answer, byte for byte and header for header (v5.0.0-6.3.8, v5.0.0-11.2.5)', async () => {
    const seen = new Map<string, object>()
    for (const [name, { username, password }] of Object.entries(cases)) {
      const answer = await call(target(), '/api/auth/login', { json: { username, password } })
      assert.equal(answer.status, 401, name)
      seen.set(name, visible(answer))
    }
    const [first, ...rest] = [...seen]
    for (const [name, answer] of rest) assert.deepEqual(answer, first?.[1], name)
  })

  test('refresh tokens that are forged, unknown or malformed are one answer (v5.0.0-11.2.5)', async () => {
    const { refreshToken } = await newcomer(target())
    const bytes = Buffer.from(refreshToken, 'base64url')
    const alter = (at: number): string => {
      const copy = Buffer.from(bytes)
      copy[at] = (copy[at] ?? 0) ^ 0x40
      return copy.toString('base64url')
    }
    const answers: object[] = []
    for (const text of [
      'x',
      alter(0),
      alter(1),
      alter(8),
      alter(22),
      alter(41),
      `${refreshToken}A`,
    ]) {
      answers.push(visible(await refreshByBody(target(), text)))
    }
    for (const answer of answers) assert.deepEqual(answer, answers[0])
  })

  test('every reason to refuse an access token is one answer (v5.0.0-11.2.5)', async () => {
    const { token, sessionId } = await newcomer(target())
    const [header, payload, signature] = token.split('.')
    await call(target(), `/api/auth/sessions/${sessionId}`, { method: 'DELETE', token })
    const answers: object[] = []
    for (const text of [
      token,
      `${header}.${payload}.AAAA`,
      `${header}.e30.${signature}`,
      'x',
      'a.b.c',
    ]) {
      answers.push(visible(await call(target(), '/api/users', { token: text })))
    }
    for (const answer of answers) assert.deepEqual(answer, answers[0])
  })
})

// One thread hashes, so that the queue is full on a machine of any size.
const variables = { UV_THREADPOOL_SIZE: '1' }

behindEachDoor({ doors: ['program'], variables }, (target) => {
  test('a log-in of an unknown or disabled name waits in the same queue for the same work as a wrong password (v5.0.0-6.3.8)', async () => {
    // When more log-ins come than can be hashed, those are refused that would have had to be hashed. A name that was
    // answered without work would never be among them.
    const known = await register(target())
    const disabled = await disabledPerson(target())
    const kinds = [known.username, disabled.username, newName()]
    const logIn = (username: string) =>
      call(target(), '/api/auth/login', { json: { username, password: 'wrong' } })
    const refused = new Set<string>()
    for (let round = 0; round < 10 && refused.size < kinds.length; round++) {
      const flood = Array.from({ length: 400 }, (_, at) => kinds[at % kinds.length] ?? '')
      const answers = await Promise.all(flood.map(logIn))
      for (const [at, { status }] of answers.entries()) {
        if (status === 503) refused.add(flood[at] ?? '')
        else assert.equal(status, 401)
      }
    }
    assert.deepEqual(refused, new Set(kinds))
  })
})
