import assert from 'node:assert/strict'
import type { Answer } from './call.fixture.ts'

/** Asserts a problem (RFC 9457) with this status, code and message, and nothing of the inside in it. */
export function assertProblem(
  answer: Answer,
  status: number,
  code: string,
  message?: string | RegExp,
): void {
  assert.equal(answer.status, status, answer.text)
  assert.equal(answer.headers['content-type'], 'application/problem+json; charset=utf-8')
  const { type, requestId, errors, ...rest } = answer.json
  assert.equal(type, `urn:countersign:problem:${code}`)
  assert.equal(rest['status'], status)
  assert.equal(rest['code'], code)
  assert.equal(typeof rest['message'], 'string')
  if (typeof message === 'string') assert.equal(rest['message'], message)
  else if (message) assert.match(String(rest['message']), message)
  assert.match(String(requestId), /^[\w-]{3,64}$/)
  assert.equal(answer.headers['x-request-id'], requestId)
  assert.ok(errors === undefined || Array.isArray(errors))
  assert.deepEqual(Object.keys(rest).sort(), ['code', 'message', 'status'])
}

/** A 4xx from whoever looked first, we or the host's parser; never a 5xx. */
export function assertRefused(answer: Answer, note: string): void {
  assert.ok(answer.status >= 400 && answer.status < 500, `${note}: ${answer.status} ${answer.text}`)
}
