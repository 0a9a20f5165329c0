import { createTestAccount } from '../accounts/account.fixture.ts'
import { testStart } from '../foundation/deterministic.fixture.ts'
import type { SessionLives } from './decide-refresh.ts'
import type { Session } from './session.ts'

const second = 1_000

/** The lives that are configured by default. */
export const testLives: SessionLives = {
  idleMs: 7 * 86_400 * second,
  maxMs: 90 * 86_400 * second,
  windowMs: 30 * second,
}

/** A session that was refreshed once, at its start; `changes` are what the test is about. */
export function createTestSession(changes: Partial<Session> = {}): Session {
  return {
    id: '0000000000000000000000001g',
    userId: createTestAccount().id,
    salt: Buffer.alloc(16, 7),
    generation: 2,
    parent: 1,
    rotatedAt: testStart,
    createdAt: testStart,
    lastUsedAt: testStart,
    endedAt: null,
    endReason: null,
    epoch: 0,
    userAgent: 'test',
    ip: '203.0.113.9',
    amr: ['pwd'],
    authenticatedAt: testStart,
    ...changes,
  }
}
