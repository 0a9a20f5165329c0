import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createMetrics, type Metrics } from './metrics.ts'

function create(): Metrics {
  return createMetrics({
    hashQueue: () => ({ running: 2, waiting: 7 }),
    liveRevocations: () => 11,
  })
}

async function linesOf(metrics: Metrics, name: string): Promise<string[]> {
  const text = await metrics.render()
  return text.split('\n').filter((line) => line.startsWith(name))
}

describe('metrics', () => {
  test('show what is so now', async () => {
    const metrics = create()
    assert.deepEqual(await linesOf(metrics, 'countersign_password_hashes_running'), [
      'countersign_password_hashes_running 2',
    ])
    assert.deepEqual(await linesOf(metrics, 'countersign_password_hashes_waiting'), [
      'countersign_password_hashes_waiting 7',
    ])
    assert.deepEqual(await linesOf(metrics, 'countersign_live_revocations'), [
      'countersign_live_revocations 11',
    ])
    assert.equal((await linesOf(metrics, 'process_cpu_seconds_total')).length, 1)
  })

  test('count events by type', async () => {
    const metrics = create()
    metrics.countEvent('sign_in.failed')
    metrics.countEvent('sign_in.failed')
    metrics.countEvent('session.theft')
    assert.deepEqual(await linesOf(metrics, 'countersign_audit_events_total'), [
      'countersign_audit_events_total{type="sign_in.failed"} 2',
      'countersign_audit_events_total{type="session.theft"} 1',
    ])
  })

  test('time requests in seconds, by method, contract path and status', async () => {
    const metrics = create()
    metrics.observeRequest({
      method: 'GET',
      route: '/api/users/{id}',
      status: 200,
      durationMs: 250,
    })
    const labels = 'method="GET",route="/api/users/{id}",status="200"'
    const name = 'countersign_http_request_duration_seconds'
    assert.deepEqual(await linesOf(metrics, `${name}_sum`), [`${name}_sum{${labels}} 0.25`])
    assert.deepEqual(await linesOf(metrics, `${name}_bucket{le="0.1"`), [
      `${name}_bucket{le="0.1",${labels}} 0`,
    ])
    assert.deepEqual(await linesOf(metrics, `${name}_bucket{le="0.5"`), [
      `${name}_bucket{le="0.5",${labels}} 1`,
    ])
  })

  test('cannot be grown by made-up methods and paths', async () => {
    const metrics = create()
    for (let i = 0; i < 100; i++) {
      metrics.observeRequest({ method: `X${i}`, route: undefined, status: 404, durationMs: 1 })
    }
    assert.deepEqual(await linesOf(metrics, 'countersign_http_request_duration_seconds_count'), [
      'countersign_http_request_duration_seconds_count{method="other",route="unmatched",status="404"} 100',
    ])
  })

  test('of two servers in one process are kept apart', async () => {
    const [one, other] = [create(), create()]
    one.countEvent('session.theft')
    assert.deepEqual(await linesOf(other, 'countersign_audit_events_total'), [])
  })
})
