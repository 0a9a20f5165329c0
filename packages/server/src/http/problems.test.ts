import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { challengeOf, problem, type ProblemCode, problemKinds, renderProblem } from './problems.ts'

const codes = Object.keys(problemKinds) as ProblemCode[]

describe('every problem', () => {
  test('has a stable code, a status of an error, a message and a meaning', () => {
    for (const code of codes) {
      const { status, message, meaning } = problemKinds[code]
      assert.match(code, /^[a-z]+(_[a-z]+)*$/)
      assert.ok(status >= 400 && status <= 503, code)
      assert.match(message, /^[A-Z].*[^.]$/, code)
      assert.match(meaning, /\.$/, code)
    }
  })

  test('is rendered by RFC 9457, and shows nothing but its own facts', () => {
    for (const code of codes) {
      const body: unknown = JSON.parse(renderProblem(problem(code), 'request-1'))
      assert.deepEqual(body, {
        type: `urn:countersign:problem:${code}`,
        status: problemKinds[code].status,
        code,
        message: problemKinds[code].message,
        requestId: 'request-1',
      })
    }
  })

  test('takes a message of its own and the mistakes of a validation', () => {
    const errors = [{ path: 'a.b', code: 'required', message: 'A value is required' }]
    const failure = problem('invalid_request', { message: 'Own words', errors })
    const body = JSON.parse(renderProblem(failure, 'r')) as Record<string, unknown>
    assert.equal(body['message'], 'Own words')
    assert.deepEqual(body['errors'], errors)
    assert.equal(body['code'], 'invalid_request')
  })

  test('never renders its headers', () => {
    const failure = problem('busy', { headers: { 'retry-after': '2' } })
    assert.equal(renderProblem(failure, 'r').includes('retry-after'), false)
  })
})

describe('the contract', () => {
  test('fixes the status of each problem', () => {
    const byStatus: Record<number, string[]> = {}
    for (const code of codes) (byStatus[problemKinds[code].status] ??= []).push(code)
    assert.deepEqual(byStatus, {
      400: [
        'invalid_request',
        'username_taken',
        'weak_password',
        'invalid_password',
        'invalid_code',
        'invalid_passkey',
      ],
      401: [
        'invalid_credentials',
        'mfa_required',
        'mfa_enrollment_required',
        'invalid_mfa_token',
        'insufficient_user_authentication',
        'refresh_token_required',
        'invalid_refresh_token',
        'token_revoked',
        'user_not_found',
        'no_token',
        'invalid_token',
        'unauthorized',
        'invalid_service_credential',
      ],
      403: [
        'invalid_csrf_token',
        'origin_not_allowed',
        'insufficient_permissions',
        'registration_closed',
      ],
      404: ['not_found'],
      405: ['method_not_allowed'],
      408: ['request_timeout'],
      409: [
        'email_taken',
        'factor_exists',
        'too_many_factors',
        'last_factor',
        'no_second_factor',
        'last_admin',
      ],
      413: ['payload_too_large'],
      415: ['unsupported_media_type'],
      417: ['expectation_failed'],
      429: ['too_many_requests'],
      431: ['headers_too_large'],
      500: ['internal'],
      503: ['busy', 'unavailable'],
    })
  })
})

describe('clients of the tutorial', () => {
  test('find the messages and statuses that they compare', () => {
    const fixed: [ProblemCode, number, string][] = [
      ['username_taken', 400, 'Username already exists'],
      ['invalid_credentials', 401, 'Invalid credentials'],
      ['refresh_token_required', 401, 'Refresh token required'],
      ['token_revoked', 401, 'Token has been revoked'],
      ['user_not_found', 401, 'User not found'],
      ['invalid_refresh_token', 401, 'Invalid refresh token'],
      ['no_token', 401, 'No token provided'],
      ['invalid_token', 401, 'Invalid or expired token'],
      ['unauthorized', 401, 'Unauthorized'],
      ['invalid_csrf_token', 403, 'Invalid CSRF token'],
      ['insufficient_permissions', 403, 'Insufficient permissions'],
      ['not_found', 404, 'Resource not found'],
      ['internal', 500, 'Internal server error'],
    ]
    for (const [code, status, message] of fixed) {
      assert.deepEqual([problemKinds[code].status, problemKinds[code].message], [status, message])
    }
  })
})

describe('the challenge of a 401', () => {
  test('has no error code when no token was sent, and invalid_token otherwise (RFC 6750 3.1)', () => {
    const withoutToken = [
      'no_token',
      'unauthorized',
      'refresh_token_required',
      'invalid_credentials',
      'mfa_required',
      'mfa_enrollment_required',
      'invalid_mfa_token',
    ]
    const stepUp = problem('insufficient_user_authentication', { maxAgeSeconds: 900 })
    assert.match(challengeOf(stepUp), /^Bearer error="insufficient_user_authentication", .*="900"$/)
    const unauthorized = codes.filter(
      (code) => problemKinds[code].status === 401 && code !== stepUp.problem,
    )
    assert.match(challengeOf(problem('invalid_service_credential')), /^Basic realm=/)
    for (const code of unauthorized.filter((each) => !each.includes('service'))) {
      const expected = withoutToken.includes(code) ? 'Bearer' : 'Bearer error="invalid_token"'
      assert.equal(challengeOf(problem(code)), expected, code)
    }
  })
})
