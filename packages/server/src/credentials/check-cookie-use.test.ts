import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AuditFacts, AuditOrigin } from '../audit/audit-log.ts'
import { createMasterSecrets } from '../foundation/master-secret.ts'
import { StoreUnavailableError } from '../foundation/store-failure.ts'
import { RequestContext } from '../http/request-context.ts'
import { createSource } from '../http/source.fixture.ts'
import { createCookieGuard } from './check-cookie-use.ts'
import { issueCsrfToken } from './csrf-token.ts'

const secrets = createMasterSecrets(['a-secret-that-is-long-enough-for-tests'])
const origins = { own: 'https://auth.example.com', allowed: ['https://app.example.com'] }

function setUp(record?: () => Promise<void>) {
  const recorded: [string, AuditFacts, AuditOrigin | undefined][] = []
  const guard = createCookieGuard({
    secrets,
    origins,
    audit: {
      record: record ?? (async (type, facts, origin) => void recorded.push([type, facts, origin])),
    },
  })
  return { guard, recorded }
}

function contextOf(headers: Record<string, string>): RequestContext {
  return new RequestContext('request-1', createSource({ headers }), '203.0.113.9', 0)
}

describe('a call with the cookie', () => {
  test('passes from our own page or a listed one, and leaves no trace', async () => {
    const { guard, recorded } = setUp()
    for (const origin of [origins.own, ...origins.allowed]) {
      assert.equal(guard.isPageTrusted(contextOf({ origin })), true)
    }
    assert.deepEqual(recorded, [])
  })

  test('from any other page is refused and recorded (ASVS v5.0.0-16.3.3)', async () => {
    const { guard, recorded } = setUp()
    const context = contextOf({ origin: 'https://evil.test' })
    assert.equal(guard.isPageTrusted(context), false)
    const refusal = await guard.refusePage(context)
    assert.equal(refusal.problem, 'origin_not_allowed')
    assert.deepEqual(recorded, [['csrf.refused', { detail: { check: 'origin' } }, context]])
  })

  test('passes with the CSRF token of its session', async () => {
    const { guard, recorded } = setUp()
    const context = contextOf({ 'x-csrf-token': issueCsrfToken(secrets, 'session-1') })
    assert.equal(guard.hasCsrfToken(context, 'session-1'), true)
    assert.deepEqual(recorded, [])
  })

  test('without it, or with another session’s, is refused and recorded without the token', async () => {
    const { guard, recorded } = setUp()
    const other = issueCsrfToken(secrets, 'session-2')
    for (const headers of [{}, { 'x-csrf-token': '' }, { 'x-csrf-token': other }]) {
      assert.equal(guard.hasCsrfToken(contextOf(headers), 'session-1'), false)
      const refusal = await guard.refuseCsrfToken(contextOf(headers), 'session-1')
      assert.equal(refusal.problem, 'invalid_csrf_token')
    }
    const facts = { sessionId: 'session-1', detail: { check: 'token' } }
    assert.deepEqual(
      recorded.map(([type, recordedFacts]) => [type, recordedFacts]),
      Array.from({ length: 3 }, () => ['csrf.refused', facts]),
    )
  })

  test('is not let through because the refusal cannot be recorded', async () => {
    const failure = new StoreUnavailableError('full', 'full')
    const { guard } = setUp(() => Promise.reject(failure))
    await assert.rejects(guard.refusePage(contextOf({ origin: 'https://evil.test' })), failure)
    await assert.rejects(guard.refuseCsrfToken(contextOf({}), 'session-1'), failure)
  })
})
