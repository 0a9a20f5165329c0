import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createHashQueue, type HashQueue, type Queued } from './hash-queue.ts'

/** Work that runs until it is told to stop. */
function createWork() {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let started = 0
  const run = (): Promise<string> => {
    started++
    return promise
  }
  return { run, started: () => started, finish: resolve, fail: reject }
}

const options = { concurrency: 2, maxWaiting: 3, maxWaitMs: 2_000 }
const busy = { ok: false, reason: 'busy', retryAfterSeconds: 2 }

function enter(queue: HashQueue, count: number) {
  return Array.from({ length: count }, () => {
    const work = createWork()
    return { ...work, result: queue.run(work.run) }
  })
}

async function finish(works: readonly ReturnType<typeof createWork>[]): Promise<void> {
  for (const work of works) {
    work.finish('done')
    await new Promise(setImmediate)
  }
}

function enterAndWatch(queue: HashQueue, count: number) {
  const works = enter(queue, count)
  const answered = new Set<number>()
  for (const [index, { result }] of works.entries()) void result.then(() => answered.add(index))
  return { works, answered }
}

describe('the queue in front of hashing', () => {
  test('runs as many at once as it may, and the others in order of arrival', async () => {
    const queue = createHashQueue(options)
    const works = enter(queue, 5)
    await Promise.resolve()
    assert.deepEqual(queue.depth(), { running: 2, waiting: 3 })
    assert.deepEqual(
      works.map(({ started }) => started()),
      [1, 1, 0, 0, 0],
    )
    for (const [index, work] of works.entries()) {
      assert.equal(work.started(), 1)
      work.finish(`${index}`)
      assert.deepEqual(await work.result, { ok: true, value: `${index}` })
    }
    assert.deepEqual(queue.depth(), { running: 0, waiting: 0 })
  })

  test('refuses at once when as many wait as may, and never runs what it refused', async () => {
    const queue = createHashQueue(options)
    const works = enter(queue, 6)
    const refused = works[5]
    assert.deepEqual(await refused?.result, busy)
    for (const work of works.slice(0, 5)) work.finish('done')
    await Promise.all(works.map(({ result }) => result))
    assert.equal(refused?.started(), 0)
  })

  test('refuses who has waited for two seconds, never runs it, and gives its place away', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const queue = createHashQueue(options)
    const works = enter(queue, 3)
    t.mock.timers.tick(1_999)
    assert.deepEqual(queue.depth(), { running: 2, waiting: 1 })
    t.mock.timers.tick(1)
    assert.deepEqual(await works[2]?.result, busy)
    assert.deepEqual(queue.depth(), { running: 2, waiting: 0 })
    works[0]?.finish('done')
    await works[0]?.result
    assert.equal(works[2]?.started(), 0)
    assert.deepEqual(queue.depth(), { running: 1, waiting: 0 })
  })

  test('does not refuse later who was let in before the wait was over', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const queue = createHashQueue(options)
    const works = enter(queue, 3)
    t.mock.timers.tick(1_999)
    works[0]?.finish('first')
    await works[0]?.result
    t.mock.timers.tick(10_000)
    works[2]?.finish('third')
    assert.deepEqual(await works[2]?.result, { ok: true, value: 'third' })
  })

  describe('that lets go on together whose hashes are done while others wait', () => {
    const grouping = { ...options, maxWaiting: 9, together: { size: 3, maxWaitMs: 50 } }

    test('holds them until the group is full, while the next ones are hashed', async (t) => {
      t.mock.timers.enable({ apis: ['setTimeout'] })
      const queue = createHashQueue(grouping)
      const { works, answered } = enterAndWatch(queue, 9)
      await finish(works.slice(0, 2))
      assert.deepEqual(answered, new Set())
      assert.deepEqual(queue.depth(), { running: 2, waiting: 5 })
      assert.equal(works[3]?.started(), 1)
      await finish(works.slice(2, 3))
      assert.deepEqual(answered, new Set([0, 1, 2]))
    })

    test('holds nobody longer than the first of them may wait', async (t) => {
      t.mock.timers.enable({ apis: ['setTimeout'] })
      const { works, answered } = enterAndWatch(createHashQueue(grouping), 9)
      await finish(works.slice(0, 2))
      t.mock.timers.tick(49)
      await new Promise(setImmediate)
      assert.deepEqual(answered, new Set())
      t.mock.timers.tick(1)
      await new Promise(setImmediate)
      assert.deepEqual(answered, new Set([0, 1]))
      // The next group has its own time.
      await finish(works.slice(2, 3))
      t.mock.timers.tick(49)
      await new Promise(setImmediate)
      assert.deepEqual(answered, new Set([0, 1]))
      t.mock.timers.tick(1)
      await new Promise(setImmediate)
      assert.deepEqual(answered, new Set([0, 1, 2]))
    })

    test('holds nobody once nobody waits', async (t) => {
      t.mock.timers.enable({ apis: ['setTimeout'] })
      const { works, answered } = enterAndWatch(createHashQueue(grouping), 4)
      await finish(works.slice(0, 1))
      assert.deepEqual(answered, new Set())
      await finish(works.slice(1, 2))
      assert.deepEqual(answered, new Set([0, 1]))
      await finish(works.slice(2))
      assert.deepEqual(answered, new Set([0, 1, 2, 3]))
    })

    test('holds also whose work failed, and lets it fail', async (t) => {
      t.mock.timers.enable({ apis: ['setTimeout'] })
      const works = enter(createHashQueue(grouping), 4)
      works[0]?.fail(new Error('out of memory'))
      works[1]?.finish('done')
      await assert.rejects(works[0]?.result ?? Promise.resolve(), /out of memory/)
      assert.deepEqual(await works[1]?.result, { ok: true, value: 'done' })
    })
  })

  test('goes on after work that failed, which fails for its caller alone', async () => {
    const queue = createHashQueue({ ...options, concurrency: 1 })
    const [first, second] = enter(queue, 2)
    first?.fail(new Error('out of memory'))
    await assert.rejects(first?.result ?? Promise.resolve(), /out of memory/)
    second?.finish('done')
    assert.deepEqual(await second?.result, { ok: true, value: 'done' })
    const throwing = queue.run(() => {
      throw new Error('at once')
    })
    await assert.rejects(throwing, /at once/)
    assert.deepEqual(queue.depth(), { running: 0, waiting: 0 })
  })

  test('asks to come back after a second at least', async () => {
    const queue = createHashQueue({ concurrency: 0, maxWaiting: 0, maxWaitMs: 10 })
    assert.deepEqual(await queue.run(async () => 'never'), { ...busy, retryAfterSeconds: 1 })
    const longer = createHashQueue({ concurrency: 0, maxWaiting: 0, maxWaitMs: 2_001 })
    assert.deepEqual(await longer.run(async () => 'never'), { ...busy, retryAfterSeconds: 3 })
  })

  test('never runs more than it may and answers everybody, whatever the order of things', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 0, max: 4 }),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 30, size: 'max' }),
        async (concurrency, maxWaiting, steps) => {
          const queue = createHashQueue({ concurrency, maxWaiting, maxWaitMs: 60_000 })
          const open: (() => void)[] = []
          const results: Promise<Queued<string>>[] = []
          let running = 0
          for (const enters of steps) {
            if (enters) {
              const { promise, resolve } = Promise.withResolvers<void>()
              const work = async (): Promise<string> => {
                running++
                assert.ok(running <= concurrency)
                open.push(resolve)
                await promise
                running--
                return 'done'
              }
              results.push(queue.run(work))
            } else open.shift()?.()
            await new Promise(setImmediate)
            assert.ok(queue.depth().waiting <= maxWaiting)
            assert.equal(queue.depth().running, running)
          }
          while (open.length > 0) {
            open.shift()?.()
            await new Promise(setImmediate)
          }
          await Promise.all(results)
          assert.deepEqual(queue.depth(), { running: 0, waiting: 0 })
        },
      ),
    )
  })
})
