import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestClock } from '../foundation/deterministic.fixture.ts'
import { StoreUnavailableError } from '../foundation/store-failure.ts'
import { openMemoryStore } from '../stores/memory-store.fixture.ts'
import { shareVolume } from './share-volume.ts'
import { VolumeLimits } from './volume-limits.ts'

const limit = { count: 100, windowMs: 60_000 }

function call(volume: VolumeLimits, times: number): number {
  let allowed = 0
  for (let turn = 0; turn < times; turn++) if (volume.count('ada', limit).allowed) allowed++
  return allowed
}

test('calls through two instances are added up, and end with the window that both share', async (t) => {
  const clock = createTestClock()
  const store = await openMemoryStore(t, clock)
  const [one, two] = [new VolumeLimits(clock), new VolumeLimits(clock)]
  assert.equal(call(one, 60), 60)
  await shareVolume(one, store, clock)
  clock.advance(1_000)
  assert.equal(call(two, 30), 30)
  await shareVolume(two, store, clock)
  assert.equal(call(two, 20), 10)
  clock.advance(limit.windowMs - 1_001)
  assert.equal(call(two, 1), 0)
  clock.advance(1)
  assert.equal(call(two, 1), 1)
})

// Whatever counts for all is believed to the call: after each outage of Redis it told of a few calls, and the limit that
// was used up began anew.
test('what counts for all instances and has forgotten the calls of before gives none of them back', async (t) => {
  const clock = createTestClock()
  const volume = new VolumeLimits(clock)
  let allowed = 0
  for (let outage = 0; outage < 4; outage++) {
    const empty = await openMemoryStore(t, clock)
    allowed += call(volume, 90)
    await shareVolume(volume, empty, clock)
    clock.advance(1_000)
  }
  assert.equal(allowed, 100)
  clock.advance(limit.windowMs - 4_000)
  assert.equal(call(volume, 1), 1, 'in the next window')
})

// A database that stood still carried out each of them when it went on, and a caller was refused for calls never made.
test('calls whose count was sent, and whose answer was lost, are not sent again', async (t) => {
  const clock = createTestClock()
  const store = await openMemoryStore(t, clock)
  const losing: Pick<typeof store, 'reserveAttempt'> = {
    reserveAttempt: async (...asked) => {
      await store.reserveAttempt(...asked)
      throw new StoreUnavailableError('interrupted', 'The answer was lost.')
    },
  }
  const volume = new VolumeLimits(clock)
  assert.equal(call(volume, 40), 40)
  for (let turn = 0; turn < 3; turn++) {
    await shareVolume(volume, losing, clock).catch(() => undefined)
  }
  assert.equal(call(volume, 20), 20)
  await shareVolume(volume, store, clock)
  assert.equal(call(volume, 60), 40)
})

test('calls whose count could not be sent are sent the next time', async (t) => {
  const clock = createTestClock()
  const store = await openMemoryStore(t, clock)
  const away = new StoreUnavailableError('unreachable', 'away')
  const [one, two] = [new VolumeLimits(clock), new VolumeLimits(clock)]
  call(one, 90)
  const unreachable = { reserveAttempt: () => Promise.reject(away) }
  await assert.rejects(shareVolume(one, unreachable, clock), away)
  await shareVolume(one, store, clock)
  call(two, 5)
  await shareVolume(two, store, clock)
  assert.equal(call(two, 10), 5)
})
