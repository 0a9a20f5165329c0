import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Bus } from '../bus/bus.ts'
import { createTestClock, createTestRandomness } from '../foundation/deterministic.fixture.ts'
import { createIdSource } from '../foundation/ids.ts'
import { announceRevocation, hearRevocations } from './announce-revocations.ts'
import { LiveRevocations } from './live-revocations.ts'

/** A bus within this process. */
function createLocalBus(): Bus {
  const listeners = new Set<(message: string) => void>()
  return {
    publish: async (message) => listeners.forEach((listener) => listener(message)),
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    isConnected: () => true,
    close: async () => undefined,
  }
}

test('what is announced is heard, and what a stranger on the bus makes up is not', async () => {
  const clock = createTestClock()
  const newId = createIdSource(clock, createTestRandomness())
  const live = new LiveRevocations(clock, 1_020_000)
  const bus = createLocalBus()
  hearRevocations(bus, live, clock)
  const at = clock()
  announceRevocation(bus, { kind: 'session', sessionId: newId(), at })
  announceRevocation(bus, { kind: 'subject', subject: newId(), epoch: 3, at })
  announceRevocation(bus, {
    kind: 'subject',
    subject: newId(),
    epoch: Number.POSITIVE_INFINITY,
    at,
  })
  assert.equal(live.size, 3)
  const id = newId()
  for (const message of [
    '',
    'session ',
    'session x',
    `session ${id} `,
    `session ${id.toUpperCase()}`,
    `session ${'x'.repeat(900)}`,
    'session __proto__',
    `subject ${id}`,
    `subject ${id} -1`,
    `subject ${id} 1e9`,
    'subject x 3',
    `subject ${id} 3 4`,
    `ended ${id}`,
  ]) {
    await bus.publish(message)
    assert.equal(live.size, 3, message)
  }
})
