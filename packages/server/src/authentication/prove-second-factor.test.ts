import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestAccount } from '../accounts/account.fixture.ts'
import { createAuditLog } from '../audit/audit-log.ts'
import { createTestClock, createTestRandomness } from '../foundation/deterministic.fixture.ts'
import { createIdSource } from '../foundation/ids.ts'
import { silentLogger } from '../foundation/logger.ts'
import { RequestContext } from '../http/request-context.ts'
import { createSource } from '../http/source.fixture.ts'
import { createAttemptLimits } from '../limits/attempt-limits.ts'
import { createHashQueue } from '../passwords/hash-queue.ts'
import { createPasswordHasher } from '../passwords/password-hasher.ts'
import { openSqliteStore } from '../stores/sql/open-sqlite-store.ts'
import { checkProof, createPasswordCheck } from './prove-second-factor.ts'

test('a password that there is no room to hash is no try, and no failed log-in', async (t) => {
  const clock = createTestClock()
  const store = await openSqliteStore({ file: ':memory:', clock })
  t.after(() => store.close())
  const randomness = createTestRandomness()
  const room = { concurrency: 0, maxWaiting: 0, maxWaitMs: 2_000 }
  const hasher = await createPasswordHasher({ queue: createHashQueue(room), randomness })
  const newId = createIdSource(clock, randomness)
  const parts = {
    checks: { password: createPasswordCheck(hasher) },
    attempts: createAttemptLimits(store, clock),
    audit: createAuditLog({ store, newId, clock, logger: silentLogger }),
    settings: { rateLimitLogin: { count: 2, windowSeconds: 900 }, production: true },
  }
  const context = new RequestContext('1', createSource(), '203.0.113.9', clock())
  const presented = {
    factor: 'password',
    code: 'a phrase',
    factors: [],
    possible: ['password'],
  } as const
  for (let call = 0; call < 5; call++) {
    const refusal = await checkProof(parts, createTestAccount(), presented, context)
    assert.equal(refusal?.problem, 'busy')
    assert.equal(refusal?.headers?.['retry-after'], '2')
  }
  assert.deepEqual(await store.listEvents({ limit: 10 }), [])
})
