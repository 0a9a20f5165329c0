import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createStoreClock } from './store-clock.ts'

/** A machine and a store with clocks of their own; a question takes so long there and so long back. */
function createWorld() {
  let time = 1_000_000
  const world = {
    localAhead: 0,
    storeAhead: 0,
    ways: [] as [there: number, back: number][],
    local: () => time + world.localAhead,
    readTime: async () => {
      const [there, back] = world.ways.shift() ?? [0, 0]
      time += there
      const answer = time + world.storeAhead
      time += back
      return answer
    },
    pass: (ms: number) => (time += ms),
    storeTime: () => time + world.storeAhead,
  }
  return world
}

test('shows the store’s time on a machine whose clock is wrong', async () => {
  const world = createWorld()
  world.localAhead = -3_700
  world.ways = [[20, 20]]
  const clock = createStoreClock(world.local)
  assert.equal(clock.now(), world.storeTime() - 3_700, 'unknown until it is measured')
  await clock.measure(world.readTime)
  assert.equal(clock.now(), world.storeTime())
  assert.equal(clock.offsetMs(), 3_700)
  world.pass(60_000)
  assert.equal(clock.now(), world.storeTime())
})

test('is wrong by half a round trip at most, however unequal the ways are', async () => {
  for (const ways of [
    [800, 0],
    [0, 800],
    [300, 500],
  ] as [number, number][]) {
    const world = createWorld()
    world.storeAhead = 10_000
    world.ways = [ways, ways, ways]
    const clock = createStoreClock(world.local)
    await clock.measure(world.readTime)
    assert.ok(Math.abs(clock.now() - world.storeTime()) <= 400, ways.join())
  }
})

test('believes the quickest of three answers', async () => {
  const world = createWorld()
  world.storeAhead = 2_000
  world.ways = [
    [4_000, 0],
    [1, 1],
    [0, 4_000],
  ]
  const clock = createStoreClock(world.local)
  await clock.measure(world.readTime)
  assert.equal(clock.offsetMs(), 2_000)
})

test('does not tremble with the network', async () => {
  const world = createWorld()
  const clock = createStoreClock(world.local)
  for (const ways of [
    [0, 30],
    [30, 0],
    [5, 25],
  ] as [number, number][]) {
    world.ways = [ways, ways, ways]
    await clock.measure(world.readTime)
    assert.equal(clock.offsetMs(), 0)
  }
})

test('follows a clock that is set, and stays as it was when the store is away', async () => {
  const world = createWorld()
  const clock = createStoreClock(world.local)
  world.localAhead = 6_000
  await clock.measure(world.readTime)
  assert.equal(clock.offsetMs(), -6_000)
  await assert.rejects(clock.measure(() => Promise.reject(new Error('away'))))
  assert.equal(clock.offsetMs(), -6_000)
})

test('does not trust an answer during which the clock was set back', async () => {
  const world = createWorld()
  world.ways = [
    [0, 0],
    [50, 50],
    [50, 50],
  ]
  const clock = createStoreClock(world.local)
  let asked = 0
  await clock.measure(async () => {
    const answer = await world.readTime()
    if (asked++ === 0) world.localAhead = -9_000
    return answer
  })
  assert.equal(clock.now(), world.storeTime())
})
