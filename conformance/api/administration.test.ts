import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { type Answer, call, type JsonObject } from '../client/call.fixture.ts'
import { administrator, logIn, profileOf, register, textOf } from '../client/people.fixture.ts'
import { assertProblem } from '../client/problem.fixture.ts'
import {
  behindEachDoor,
  newName,
  newPassword,
  startTarget,
  type Target,
} from '../targets/target.fixture.ts'

function namesOf(answer: Answer): string[] {
  assert.equal(answer.status, 200, answer.text)
  return (answer.json.users as JsonObject[]).map(({ username }) => textOf(username))
}

function standingOf({ json }: Answer): unknown[] {
  return [json.role, json.disabled]
}

behindEachDoor({ doors: ['program', 'express after json'] }, (target) => {
  let token: string
  before(async () => {
    token = (await administrator(target())).token
  })

  const list = (query: string): Promise<Answer> =>
    call(target(), `/api/users/all${query}`, { token })

  const find = async (q: string): Promise<string[]> =>
    namesOf(await list(`?q=${encodeURIComponent(q)}`))

  test('pages through everybody once, in order of creation, by the cursor of the page before', async () => {
    const part = newName()
    const names: string[] = []
    for (let number = 0; number < 7; number++) {
      names.push((await register(target(), { username: `${part}.${number}` })).username)
    }
    const seen: string[] = []
    let cursor: string | null = ''
    for (let page = 0; page < 4; page++) {
      const answer = await list(`?q=${part}&limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`)
      seen.push(...namesOf(answer))
      cursor = answer.json.nextCursor as string | null
      assert.equal(cursor === null, page === 3)
    }
    assert.deepEqual(seen, names)
  })

  test('a last page that is exactly full has no next one', async () => {
    const part = newName()
    await register(target(), { username: `${part}.a` })
    await register(target(), { username: `${part}.b` })
    const answer = await list(`?q=${part}&limit=2`)
    assert.equal(namesOf(answer).length, 2)
    assert.equal(answer.json.nextCursor, null)
  })

  test('a cursor is good for its own search alone, and an altered one for none', async () => {
    const part = newName()
    await register(target(), { username: `${part}.a` })
    await register(target(), { username: `${part}.b` })
    const first = await list(`?q=${part}&limit=1`)
    const cursor = textOf(first.json.nextCursor)
    assert.deepEqual(namesOf(await list(`?q=${part}&limit=1&cursor=${cursor}`)), [`${part}.b`])
    const bytes = Buffer.from(cursor, 'base64url')
    const altered = Array.from(bytes.keys(), (at) => {
      const copy = Buffer.from(bytes)
      copy[at] = (copy[at] ?? 0) ^ 1
      return copy.toString('base64url')
    })
    const respelt = [`${cursor}=`, `${cursor}A`, `${cursor.slice(0, 8)}%20${cursor.slice(8)}`]
    for (const bad of [...altered, ...respelt, '', 'x', '0', '%00', 'A'.repeat(2000)]) {
      assertProblem(await list(`?q=${part}&limit=1&cursor=${bad}`), 400, 'invalid_request')
    }
    for (const query of [`?limit=1`, `?q=${part}.&limit=1`, `?q=&limit=1`]) {
      assertProblem(await list(`${query}&cursor=${cursor}`), 400, 'invalid_request')
    }
  })

  test('a limit is a whole number from 1 to 500, 50 by default', async () => {
    for (const limit of ['1', '50', '500'])
      assert.equal((await list(`?limit=${limit}`)).status, 200)
    const wrong = [
      '0',
      '-1',
      '501',
      '1.5',
      '1e2',
      '0x10',
      'ten',
      '',
      '%20',
      '+5',
      '5%20',
      '%D9%A5',
      'NaN',
    ]
    for (const limit of [...wrong, 'Infinity', '10000000000000000000000', '[]', 'null', 'true']) {
      assertProblem(await list(`?limit=${limit}`), 400, 'invalid_request')
    }
  })

  test('a parameter that is unknown or comes twice is refused (v5.0.0-15.3.7)', async () => {
    for (const query of [
      '?role=admin',
      '?limit=1&limit=2',
      '?q=a&q=b',
      '?limit[]=1',
      '?__proto__=1',
    ]) {
      assertProblem(await list(query), 400, 'invalid_request')
    }
  })

  test('every character of a search is literal, and only part of a name finds it (v5.0.0-1.2.4, v5.0.0-1.2.9)', async () => {
    const part = newName()
    const plain = await register(target(), { username: `${part}ab` })
    const dotted = await register(target(), { username: `${part}a.b` })
    const barred = await register(target(), { username: `${part}a_b` })
    assert.deepEqual(await find(`${part}a.b`), [dotted.username])
    assert.deepEqual(await find(`${part}a_b`), [barred.username])
    assert.deepEqual(await find(`${part.slice(1)}AB`.toUpperCase()), [plain.username])
    const nothing = [
      '%',
      '.*',
      '(',
      '[',
      '\\',
      '*',
      '?',
      '^',
      '$',
      "' OR 1=1 --",
      '"',
      '{"$ne":1}',
      '\0',
    ]
    for (const text of nothing) assert.deepEqual(await find(text), [], text)
    for (const text of [`${part}%`, `${part}a*b`, `${part}a?b`, `${part}[a]`, `${part}\0`]) {
      assert.deepEqual(await find(text), [], text)
    }
  })

  test('makes accounts of every role for others, and none of a role that there is not', async () => {
    const make = (json: object) => call(target(), '/api/users', { json, token })
    const json = { username: newName(), password: newPassword(), role: 'admin' }
    const made = await make(json)
    assert.equal(made.status, 201)
    assert.equal(made.json.role, 'admin')
    const login = await logIn(target(), json)
    assert.equal((await call(target(), '/api/users/all', { token: login.token })).status, 200)
    assertProblem(await make(json), 400, 'username_taken')
    for (const role of ['root', 'ADMIN', '', 'user,admin', '__proto__']) {
      const wrong = { username: newName(), password: newPassword(), role }
      assertProblem(await make(wrong), 400, 'invalid_request')
    }
  })

  test('shows one account with its standing and its living sessions', async () => {
    const person = await register(target())
    await logIn(target(), person)
    await logIn(target(), person)
    const { status, json } = await call(target(), `/api/users/${person.id}`, { token })
    assert.equal(status, 200)
    assert.equal(json.username, person.username)
    assert.deepEqual([json.disabled, json.sessions], [false, 2])
    await call(target(), `/api/users/${person.id}/sessions`, { method: 'DELETE', token })
    const later = await call(target(), `/api/users/${person.id}`, { token })
    assert.equal(later.json.sessions, 0)
  })

  test('changes role and standing, alone or together, and tells what is so already', async () => {
    const { id } = await register(target())
    const patch = (json: object) =>
      call(target(), `/api/users/${id}`, { method: 'PATCH', json, token })
    assert.deepEqual(standingOf(await patch({ role: 'admin' })), ['admin', false])
    assert.deepEqual(standingOf(await patch({ disabled: true })), ['admin', true])
    assert.deepEqual(standingOf(await patch({ role: 'user', disabled: false })), ['user', false])
    assert.deepEqual(standingOf(await patch({ role: 'user' })), ['user', false])
    assertProblem(await patch({ role: 'root' }), 400, 'invalid_request')
    assertProblem(await patch({ username: 'other' }), 400, 'invalid_request')
  })

  test('answers 404 about an account that is not there, was deleted, or never could be', async () => {
    const gone = await register(target())
    await call(target(), `/api/users/${gone.id}`, { method: 'DELETE', token })
    const ids = [gone.id, 'nobody', '0'.repeat(26), '%00', '..%2f..', "'%20OR%201=1", '__proto__']
    for (const id of [...ids, 'constructor', '%F0%9F%92%A9', 'a'.repeat(5000)]) {
      for (const [method, path, json] of [
        ['GET', `/api/users/${id}`, undefined],
        ['PATCH', `/api/users/${id}`, { disabled: true }],
        ['DELETE', `/api/users/${id}`, undefined],
        ['DELETE', `/api/users/${id}/sessions`, undefined],
      ] as const) {
        const answer = await call(target(), path, { method, token, json })
        assertProblem(answer, 404, 'not_found', 'Resource not found')
      }
    }
  })
})

/** A server with one administrator, and whoever else the test makes. */
async function countAdministrators(target: Target, token: string): Promise<number> {
  const { json } = await call(target, '/api/users/all?limit=500', { token })
  const users = json.users as { role: string; disabled: boolean }[]
  return users.filter(({ role, disabled }) => role === 'admin' && !disabled).length
}

test('the last administrator can be neither demoted nor disabled nor deleted', async (t) => {
  for (const door of ['program', 'express'] as const) {
    const target = await startTarget(door)
    t.after(() => target.stop())
    const { id, token } = await administrator(target)
    for (const options of [
      { method: 'PATCH', json: { role: 'user' } },
      { method: 'PATCH', json: { disabled: true } },
      { method: 'PATCH', json: { role: 'user', disabled: true } },
      { method: 'DELETE' },
    ]) {
      const answer = await call(target, `/api/users/${id}`, { ...options, token })
      assertProblem(answer, 409, 'last_admin')
    }
    assert.equal((await profileOf(target, token)).json.role, 'admin')
    // A disabled administrator administers nothing, so is no reason to let the other go.
    const json = { username: newName(), password: newPassword(), role: 'admin' }
    const second = await call(target, '/api/users', { json, token })
    const path = `/api/users/${textOf(second.json.id)}`
    await call(target, path, { method: 'PATCH', json: { disabled: true }, token })
    const answer = await call(target, `/api/users/${id}`, { method: 'DELETE', token })
    assertProblem(answer, 409, 'last_admin')
    await call(target, path, { method: 'PATCH', json: { disabled: false }, token })
    assert.equal((await call(target, `/api/users/${id}`, { method: 'DELETE', token })).status, 204)
  }
})

test('two administrators who demote each other at the same moment leave one (v5.0.0-15.4.2)', async (t) => {
  const target = await startTarget('program')
  t.after(() => target.stop())
  let first = { ...(await administrator(target)) }
  for (let round = 0; round < 8; round++) {
    const json = { username: newName(), password: newPassword(), role: 'admin' }
    const made = await call(target, '/api/users', { json, token: first.token })
    const second = { ...json, id: textOf(made.json.id), ...(await logIn(target, json)) }
    const demote = (by: { token: string }, whom: { id: string }) =>
      call(target, `/api/users/${whom.id}`, {
        method: 'PATCH',
        json: round % 2 === 0 ? { role: 'user' } : { disabled: true },
        token: by.token,
      })
    const answers = await Promise.all([demote(first, second), demote(second, first)])
    assert.ok(answers.some(({ status }) => status === 200))
    assert.ok(answers.every(({ status }) => status < 500))
    const survivor = (await profileOf(target, first.token)).status === 200 ? first : second
    assert.equal(await countAdministrators(target, survivor.token), 1)
    first = survivor
  }
})

behindEachDoor({ doors: ['program'], variables: { REGISTRATION: 'closed' } }, (target) => {
  test('with closed registration only administrators make accounts', async () => {
    const json = { username: newName(), password: newPassword() }
    const refused = await call(target(), '/api/auth/register', { json })
    assertProblem(refused, 403, 'registration_closed')
    const { token } = await administrator(target())
    assert.equal((await call(target(), '/api/users', { json, token })).status, 201)
    const information = await call(target(), '/api/users/public')
    assert.equal(information.json.registration, 'closed')
  })
})

behindEachDoor({ doors: ['express'], variables: { ROLES: 'reader,writer,admin' } }, (target) => {
  test('the first of the configured roles is what everybody gets, and the others are for administrators to give', async () => {
    const person = await register(target())
    const { token } = await administrator(target())
    const path = `/api/users/${person.id}`
    assert.equal((await call(target(), path, { token })).json.role, 'reader')
    const json = { role: 'writer' }
    const changed = await call(target(), path, { method: 'PATCH', json, token })
    assert.equal(changed.json.role, 'writer')
    const refused = await call(target(), path, { method: 'PATCH', json: { role: 'user' }, token })
    assertProblem(refused, 400, 'invalid_request')
  })
})
