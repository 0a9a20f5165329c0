import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AccessClaims } from '@countersign/verify'
import { createTestAccount } from '../accounts/account.fixture.ts'
import { StoreUnavailableError } from '../foundation/store-failure.ts'
import { createAuthenticate } from './authenticate.ts'

const claims = { sub: 'ada' } as AccessClaims
const principal = {
  account: createTestAccount({ role: 'admin' }),
  sessionId: 'session-1',
  authenticatedAt: 0,
}

test('tells the host who calls: the account as it is now', async () => {
  const authenticate = createAuthenticate(async () => ({ ok: true, principal, claims }))
  assert.deepEqual(await authenticate('Bearer good'), {
    ok: true,
    user: {
      userId: principal.account.id,
      username: 'ada',
      role: 'admin',
      roles: ['admin'],
      sessionId: 'session-1',
      claims,
    },
  })
})

test('tells the host why it is nobody', async () => {
  for (const problem of ['no_token', 'invalid_token'] as const) {
    const authenticate = createAuthenticate(async () => ({ ok: false, problem }))
    assert.deepEqual(await authenticate(undefined), { ok: false, reason: problem })
  }
})

test('rejects when the account cannot be read, so that the host does not take it for nobody', async () => {
  const failure = new StoreUnavailableError('locked', 'locked')
  const authenticate = createAuthenticate(() => Promise.reject(failure))
  await assert.rejects(authenticate('Bearer good'), failure)
})
