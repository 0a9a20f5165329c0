import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { StoreUnavailableError } from '../foundation/store-failure.ts'
import { healthRoutes } from './routes.ts'

/** The readiness route over a store that counts how often it is asked. */
function createReadiness() {
  const state = { now: 1_000_000, asked: 0, failure: undefined as Error | undefined }
  const routes = healthRoutes({
    store: {
      checkReady: async () => {
        state.asked++
        if (state.failure) throw state.failure
      },
    },
    storeClock: { offsetMs: () => 0 },
    bus: undefined,
    clock: () => state.now,
  })
  const route = routes.find(({ contract }) => contract.path === '/health/ready')
  const ask = async () => {
    const answer = await route?.handle({} as never)
    return answer && 'status' in answer ? answer.status : 503
  }
  return { state, ask }
}

describe('readiness', () => {
  test('asks the store, which writes to find out, once a second at most, whoever calls how often', async () => {
    const { state, ask } = createReadiness()
    assert.deepEqual(await Promise.all(Array.from({ length: 50 }, ask)), Array(50).fill(200))
    for (let call = 0; call < 50; call++) assert.equal(await ask(), 200)
    assert.equal(state.asked, 1)
    state.now += 999
    await ask()
    assert.equal(state.asked, 1)
    state.now += 1
    await ask()
    assert.equal(state.asked, 2)
    // A clock that was set back must not keep an old answer alive.
    state.now -= 3_600_000
    await ask()
    assert.equal(state.asked, 3)
  })

  test('a failure is not kept: the next call looks again', async () => {
    const { state, ask } = createReadiness()
    state.failure = new StoreUnavailableError('full', 'The disk is full')
    assert.equal(await ask(), 503)
    assert.equal(await ask(), 503)
    assert.equal(state.asked, 2)
    state.failure = undefined
    assert.equal(await ask(), 200)
  })
})
