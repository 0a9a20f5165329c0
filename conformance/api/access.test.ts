import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { call } from '../client/call.fixture.ts'
import { administrator, type LoggedIn, logIn, newcomer, textOf } from '../client/people.fixture.ts'
import { type ApiDocument, readDocument } from '../openapi/document.fixture.ts'
import { sampleRequest } from '../openapi/request.fixture.ts'
import { behindEachDoor, newName, newPassword, type Target } from '../targets/target.fixture.ts'
import { type AccessRow, accessTable } from './access-table.ts'

/** Another administrator, for acts that cost the actor something. */
async function newAdministrator(target: Target): Promise<LoggedIn> {
  const { token } = await administrator(target)
  const json = { username: newName(), password: newPassword(), role: 'admin' }
  const created = await call(target, '/api/users', { json, token })
  assert.equal(created.status, 201, created.text)
  return { ...json, id: textOf(created.json.id), ...(await logIn(target, json)) }
}

const actors: Readonly<
  Record<keyof AccessRow, (target: Target, user: LoggedIn) => Promise<LoggedIn | undefined>>
> = {
  anonymous: async () => undefined,
  user: async (_target, user) => user,
  otherUser: newcomer,
  admin: newAdministrator,
}

behindEachDoor({ doors: ['program', 'express after json'] }, (target) => {
  let document: ApiDocument
  before(async () => {
    document = await readDocument(target())
  })

  test('the access table has a row for every operation of the document and no other (v5.0.0-8.1.1)', () => {
    const ids = document.operations.map(({ id }) => id)
    assert.deepEqual(Object.keys(accessTable).sort(), ids.toSorted())
    assert.equal(new Set(ids).size, ids.length, 'ids are unique')
  })

  test('every operation answers every kind of caller with the status of the access table (v5.0.0-8.2.1, v5.0.0-8.2.2, v5.0.0-8.3.1)', async (t) => {
    for (const operation of document.operations) {
      await t.test(operation.id, async () => {
        const row = accessTable[operation.id]
        assert.ok(row)
        for (const kind of ['anonymous', 'user', 'otherUser', 'admin'] as const) {
          // A new object each time: what an earlier caller did to it must not decide.
          const user = await newcomer(target())
          const who = await actors[kind](target(), user)
          const { path, ...request } = sampleRequest(operation, who, user)
          const answer = await call(target(), path, request)
          assert.equal(answer.status, row[kind], `${kind}: ${answer.text}`)
          document.checkAnswer(operation, answer)
        }
      })
    }
  })

  test('a refusal changes nothing of the object that it was about (v5.0.0-8.2.2)', async () => {
    const user = await newcomer(target())
    const other = await newcomer(target())
    const admin = await administrator(target())
    const look = () => call(target(), `/api/users/${user.id}`, { token: admin.token })
    const earlier = await look()
    for (const operation of document.operations.filter(({ path }) => path.includes('{'))) {
      const { path, ...request } = sampleRequest(operation, other, user)
      await call(target(), path, request)
    }
    assert.equal((await look()).text, earlier.text)
    assert.equal(earlier.json.sessions, 1)
  })
})
