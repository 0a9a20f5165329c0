import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OpenedAccount } from '../accounts/open-account.ts'
import { renderProblem } from '../http/problems.ts'
import { explainAccountRefusal } from './explain-account-refusal.ts'

type Refusal = Exclude<OpenedAccount, { ok: true }>

const weak = { ok: false, reason: 'too_short', message: 'The password needs more' } as const
const cases: readonly [Refusal, code: string, path: string | undefined, detail?: string][] = [
  [{ ok: false, reason: 'invalid_username' }, 'invalid_request', 'username', 'invalid'],
  [{ ok: false, reason: 'invalid_email' }, 'invalid_request', 'email', 'invalid'],
  [{ ok: false, reason: 'unknown_role' }, 'invalid_request', 'role', 'invalid'],
  [{ ok: false, reason: 'username_taken' }, 'username_taken', undefined],
  [{ ok: false, reason: 'weak_password', refusal: weak }, 'weak_password', 'password', 'too_short'],
  [{ ok: false, reason: 'busy', retryAfterSeconds: 2 }, 'busy', undefined],
]

const wait = (retryAfterSeconds: number) =>
  explainAccountRefusal({ ok: false, reason: 'busy', retryAfterSeconds }).headers

test('every refusal to open an account has its problem, and names the member at fault', () => {
  for (const [refusal, code, path, detail] of cases) {
    const answer = explainAccountRefusal(refusal)
    const body = JSON.parse(renderProblem(answer, 'r')) as {
      code: string
      errors?: { path: string; code: string }[]
    }
    assert.equal(body.code, code)
    assert.equal(body.errors?.[0]?.path, path)
    assert.equal(body.errors?.[0]?.code, detail)
  }
})

test('busy says when to come back, after a second at least', () => {
  assert.deepEqual(wait(2), { 'retry-after': '2' })
  assert.deepEqual(wait(0), { 'retry-after': '1' })
})
