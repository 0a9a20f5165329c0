import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AuditLog } from '../audit/audit-log.ts'
import { createTestClock } from '../foundation/deterministic.fixture.ts'
import { RequestContext } from '../http/request-context.ts'
import { createSource } from '../http/source.fixture.ts'
import { VolumeLimits } from '../limits/volume-limits.ts'
import { createCallCounter, toVolumeLimit, tooManyRequests } from './count-call.ts'
import { refuseAttempt } from './refuse-attempt.ts'
import { createTestAudit } from './routing.fixture.ts'

const address = { kind: 'address' } as const
const user = { kind: 'user', id: 'ada' } as const
const session = { kind: 'session', id: 'session-1' } as const

function setUp(audit: AuditLog = createTestAudit(), production = false) {
  const clock = createTestClock()
  const failures: unknown[] = []
  const counter = createCallCounter({
    volume: new VolumeLimits(clock),
    audit,
    limits: {
      anonymous: { count: 2, windowSeconds: 60 },
      user: { count: 3, windowSeconds: 30 },
    },
    production,
    onAuditFailure: (error) => void failures.push(error),
  })
  return { clock, counter, failures }
}

function contextOf(ip: string): RequestContext {
  return new RequestContext('request-1', createSource(), ip, 0)
}

describe('counting a call', () => {
  test('tells the caller the limit, what remains and when it starts anew', () => {
    const { counter, clock } = setUp()
    const context = contextOf('203.0.113.9')
    assert.equal(counter.count(context, address), undefined)
    assert.deepEqual(context.headers, {
      'ratelimit-limit': '2',
      'ratelimit-remaining': '1',
      'ratelimit-reset': '60',
    })
    clock.advance(30_001)
    counter.count(context, address)
    assert.deepEqual(context.headers['ratelimit-reset'], '30')
  })

  test('counts users, sessions and addresses apart, users and sessions by the larger limit', () => {
    const { counter } = setUp()
    const context = contextOf('203.0.113.9')
    const allowed = (caller: typeof address | typeof user | typeof session): number => {
      let count = 0
      while (counter.count(context, caller) === undefined) count++
      return count
    }
    assert.deepEqual([allowed(address), allowed(user), allowed(session)], [2, 3, 3])
    assert.equal(counter.count(context, { kind: 'user', id: 'bob' }), undefined)
    assert.equal(counter.count(context, { kind: 'user', id: 'session-1' }), undefined)
    assert.equal(counter.count(contextOf('203.0.113.10'), address), undefined)
  })

  test('counts one customer’s IPv6 addresses together', () => {
    const { counter } = setUp()
    counter.count(contextOf('2001:db8::1'), address)
    counter.count(contextOf('2001:db8::2'), address)
    assert.equal(counter.count(contextOf('2001:db8::3'), address)?.problem, 'too_many_requests')
    assert.equal(counter.count(contextOf('2001:db8:0:1::1'), address), undefined)
  })

  test('refuses with the time to wait, and records the first refusal in a window', () => {
    const audit = createTestAudit()
    const { counter, clock } = setUp(audit)
    const context = contextOf('203.0.113.9')
    for (let i = 0; i < 2; i++) counter.count(context, address)
    const refusal = counter.count(context, address)
    assert.deepEqual(refusal?.headers, {
      ...headersOf(60),
      'ratelimit-limit': '2',
    })
    for (let i = 0; i < 5; i++) counter.count(context, address)
    const detail = { limit: 'RATE_LIMIT_ANONYMOUS', kind: 'address' }
    assert.deepEqual(audit.events, [{ type: 'limit.exceeded', facts: { detail }, origin: context }])
    clock.advance(60_000)
    for (let i = 0; i < 5; i++) counter.count(context, address)
    assert.equal(audit.events.length, 2)
    for (let i = 0; i < 5; i++) counter.count(context, user)
    assert.deepEqual(audit.events[2]?.facts.detail, { limit: 'RATE_LIMIT_USER', kind: 'user' })
  })

  test('refuses also when that cannot be recorded, and says that an event was lost', async () => {
    const failure = new Error('the disk is full')
    const { counter, failures } = setUp({ record: () => Promise.reject(failure) })
    const context = contextOf('203.0.113.9')
    for (let i = 0; i < 2; i++) counter.count(context, address)
    assert.equal(counter.count(context, address)?.problem, 'too_many_requests')
    await new Promise(setImmediate)
    assert.deepEqual(failures, [failure])
  })
})

describe('a 429', () => {
  test('names the variable that sets the limit, but not in production', () => {
    assert.deepEqual(tooManyRequests(reached(7), 'RATE_LIMIT_LOGIN', false), {
      problem: 'too_many_requests',
      headers: headersOf(7),
      message: 'Too many requests (RATE_LIMIT_LOGIN sets this limit)',
    })
    assert.deepEqual(tooManyRequests(reached(0), 'RATE_LIMIT_LOGIN', true), {
      problem: 'too_many_requests',
      headers: headersOf(1),
    })
    const { counter } = setUp(createTestAudit(), true)
    const context = contextOf('203.0.113.9')
    for (let i = 0; i < 2; i++) counter.count(context, address)
    assert.equal(counter.count(context, address)?.message, undefined)
  })

  test('for an attempt is recorded when it is the first of its window', async () => {
    const audit = createTestAudit()
    const context = contextOf('203.0.113.9')
    const limit = { variable: 'RATE_LIMIT_LOGIN', kind: 'login' }
    const refusal = { granted: false, limit: 3, retryAfterSeconds: 9 } as const
    for (const justExceeded of [true, false]) {
      const attempt = { ...refusal, justExceeded }
      const answer = await refuseAttempt({ audit, production: true }, attempt, limit, context, {
        subjectId: 'ada',
      })
      assert.deepEqual(answer, tooManyRequests(reached(9), 'RATE_LIMIT_LOGIN', true))
    }
    assert.deepEqual(audit.events, [
      {
        type: 'limit.exceeded',
        facts: { subjectId: 'ada', detail: { limit: 'RATE_LIMIT_LOGIN', kind: 'login' } },
        origin: context,
      },
    ])
  })
})

test('a configured limit counts in milliseconds', () => {
  assert.deepEqual(toVolumeLimit({ count: 5, windowSeconds: 60 }), { count: 5, windowMs: 60_000 })
})

function reached(retryAfterSeconds: number): { limit: number; retryAfterSeconds: number } {
  return { limit: 3, retryAfterSeconds }
}

function headersOf(seconds: number): Record<string, string> {
  return {
    'retry-after': `${seconds}`,
    'ratelimit-limit': '3',
    'ratelimit-remaining': '0',
    'ratelimit-reset': `${seconds}`,
  }
}
