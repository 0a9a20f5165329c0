import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  createTestClock,
  createTestRandomness,
  testStart,
} from '../foundation/deterministic.fixture.ts'
import { createIdSource, isId } from '../foundation/ids.ts'
import type { Logger } from '../foundation/logger.ts'
import { StoreUnavailableError } from '../foundation/store-failure.ts'
import { type AuditLogParts, createAuditLog } from './audit-log.ts'
import type { AuditEvent } from './event.ts'

type LogLine = readonly [level: string, message: string, fields: unknown]

function setUp(changes: Partial<AuditLogParts> = {}) {
  const clock = createTestClock()
  const stored: AuditEvent[] = []
  const lines: LogLine[] = []
  const write = (level: string) => (fields: object, message: string) =>
    void lines.push([level, message, fields])
  const logger: Logger = {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  }
  const audit = createAuditLog({
    store: { appendEvent: async (event) => void stored.push(event) },
    newId: createIdSource(clock, createTestRandomness()),
    clock,
    logger,
    ...changes,
  })
  return { audit, stored, lines, clock }
}

const origin = { ip: '203.0.113.9', userAgent: 'curl/8', requestId: 'request-1' }

describe('an audit event', () => {
  test('says what happened when, to whom, by whom and from where', async () => {
    const { audit, stored } = setUp()
    const facts = { actorId: 'a', subjectId: 'b', sessionId: 'c', detail: { reason: 'x' } }
    await audit.record('session.ended', facts, origin)
    const [event] = stored
    assert.ok(event && isId(event.id))
    const { id: _, ...rest } = event
    assert.deepEqual(rest, { at: testStart, type: 'session.ended', ...facts, ...origin })
  })

  test('has null for what is not known, and no detail', async () => {
    const { audit, stored } = setUp()
    await audit.record('keys.rotated', {})
    const { id: _id, at: _at, type: _type, ...rest } = stored[0] ?? assert.fail()
    assert.deepEqual(rest, {
      actorId: null,
      subjectId: null,
      sessionId: null,
      ip: null,
      userAgent: null,
      requestId: null,
      detail: {},
    })
  })

  test('is a line of the log: a warning when somebody should look', async () => {
    const { audit, lines, stored } = setUp()
    await audit.record('sign_in.succeeded', {}, origin)
    await audit.record('session.theft', {}, origin)
    assert.deepEqual(lines, [
      ['info', 'sign_in.succeeded', { audit: stored[0] }],
      ['warn', 'session.theft', { audit: stored[1] }],
    ])
  })

  test('is recorded when it is stored, and told to nobody before', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const told: string[] = []
    const { audit, lines } = setUp({
      store: { appendEvent: () => promise },
      onEvent: (event) => void told.push(event.type),
    })
    let isRecorded = false
    const recorded = audit.record('keys.rotated', {}).then(() => (isRecorded = true))
    await new Promise(setImmediate)
    assert.deepEqual([isRecorded, lines.length, told.length], [false, 0, 0])
    resolve()
    await recorded
    assert.deepEqual([lines.length, told], [1, ['keys.rotated']])
  })

  test('that cannot be stored fails its flow, and is told to nobody', async () => {
    const failure = new StoreUnavailableError('full', 'The disk is full.')
    const { audit, lines } = setUp({
      store: { appendEvent: () => Promise.reject(failure) },
      onEvent: () => assert.fail('told'),
    })
    await assert.rejects(audit.record('sign_in.succeeded', {}), failure)
    assert.deepEqual(lines, [])
  })
})

describe('the host’s hook', () => {
  test('is given each event once, as it is stored', async () => {
    const told: AuditEvent[] = []
    const { audit, stored } = setUp({ onEvent: (event) => void told.push(event) })
    await audit.record('account.created', { subjectId: 'a' })
    await audit.record('account.deleted', { subjectId: 'a' })
    assert.deepEqual(told, stored)
    assert.equal(told.length, 2)
  })

  test('that throws or rejects is logged without the event’s facts, and changes nothing', async () => {
    for (const onEvent of [
      () => {
        throw new Error('the hook failed')
      },
      () => Promise.reject(new Error('the hook failed')),
    ]) {
      const { audit, stored, lines } = setUp({ onEvent })
      await audit.record('account.created', { subjectId: 'a' })
      await new Promise(setImmediate)
      assert.equal(stored.length, 1)
      const [level, message, fields] = lines[1] ?? []
      assert.deepEqual([level, message], ['error', 'The onEvent hook failed'])
      assert.match(String((fields as { err: unknown }).err), /the hook failed/)
      assert.equal((fields as { audit: unknown }).audit, 'account.created')
    }
  })

  test('that never comes back holds no request', async () => {
    const { audit, stored } = setUp({ onEvent: () => new Promise(() => undefined) })
    await audit.record('account.created', {})
    assert.equal(stored.length, 1)
  })
})
