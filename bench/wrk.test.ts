import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseWrkReport } from './wrk.ts'

const output = `Running 4s test @ http://127.0.0.1:3901/api/users
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     6.88ms    6.73ms 160.74ms   94.39%
    Req/Sec     5.17k     1.66k    9.32k    70.00%
  Latency Distribution
     50%    5.43ms
     75%    7.42ms
     90%   10.73ms
     99%   28.91ms
  20597 requests in 4.01s, 14.65MB read
Requests/sec:   5141.59
Transfer/sec:      3.66MB
`

test('requests, their rate and the percentiles are read', () => {
  assert.deepEqual(parseWrkReport(output), {
    requests: 20_597,
    refused: 0,
    broken: 0,
    requestsPerSecond: 5141.59,
    p50Ms: 5.43,
    p99Ms: 28.91,
  })
})

test('times are read in every unit that wrk prints', () => {
  assert.equal(p99('500.00us'), 0.5)
  assert.equal(p99('1.20s'), 1200)
  assert.equal(p99('2.00m'), 120_000)
  assert.throws(() => p99('1.20h'), /no time: 1.20h/)
})

function p99(text: string): number {
  return parseWrkReport(output.replace('28.91ms', text)).p99Ms
}

test('refusals are told apart from successes and do not count in the rate', () => {
  const refusals = '  Non-2xx or 3xx responses: 10299\nRequests/sec:'
  const report = parseWrkReport(output.replace('Requests/sec:', refusals))
  assert.equal(report.refused, 10_299)
  assert.ok(Math.abs(report.requestsPerSecond - 2570.67) < 0.01)
})

test('every kind of broken connection is counted', () => {
  const errors = '  Socket errors: connect 1, read 20, write 300, timeout 4000\nRequests/sec:'
  assert.equal(parseWrkReport(output.replace('Requests/sec:', errors)).broken, 4321)
})

test('what is not a report is an error with the output in it', () => {
  assert.throws(() => parseWrkReport('unable to connect'), /unable to connect/)
})
