// The stage of a bad request: who sends it, to which operation, and what must look the same afterwards.

import assert from 'node:assert/strict'
import { type Answer, call } from '../client/call.fixture.ts'
import { administrator, type LoggedIn, newcomer } from '../client/people.fixture.ts'
import { type ApiDocument, type Operation, readDocument } from '../openapi/document.fixture.ts'
import { sampleRequest, type SampleRequest } from '../openapi/request.fixture.ts'
import type { Target } from '../targets/target.fixture.ts'

export interface Stage {
  readonly document: ApiDocument
  /** The operations with a body. */
  readonly operations: readonly Operation[]
  /** A request that the operation accepts, but for what the test puts into its body. */
  sample(operation: Operation): SampleRequest
  send(operation: Operation, bytes: string | Uint8Array, headers?: object): Promise<Answer>
  /** Everything that a bad request might have changed, as text. */
  takeStock(): Promise<string>
}

export const jsonType = { 'content-type': 'application/json' }

export async function setStage(target: Target): Promise<Stage> {
  const document = await readDocument(target)
  const admin = await administrator(target)
  const user = await newcomer(target)
  const actorOf = ({ path, method }: Operation): LoggedIn =>
    path.includes('{') || (path === '/api/users' && method === 'POST') ? admin : user
  const sample = (operation: Operation): SampleRequest =>
    sampleRequest(operation, actorOf(operation), user)
  return {
    document,
    operations: document.operations.filter(({ body }) => body !== undefined),
    sample,
    send: (operation, bytes, headers = jsonType) => {
      // No cookie: it would count where the body presents no refresh token, and the request would be a good one.
      const { path, method, token } = sample(operation)
      const own = token === undefined ? {} : { token }
      return call(target, path, { method, body: bytes, headers: { ...headers }, ...own })
    },
    takeStock: () => takeStock(target, admin),
  }
}

async function takeStock(target: Target, { token }: LoggedIn): Promise<string> {
  const list = await call(target, '/api/users/all?limit=500', { token })
  assert.equal(list.status, 200, list.text)
  assert.equal(list.json.nextCursor, null)
  const users = list.json.users as { id: string }[]
  const shown = await Promise.all(
    users.map(({ id }) => call(target, `/api/users/${id}`, { token })),
  )
  return shown.map(({ text }) => text).join('\n')
}
