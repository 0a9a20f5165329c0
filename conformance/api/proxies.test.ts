// Whose address a call counts for. Everything that a caller can write into a header is tried as an address.

import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { type Answer, call } from '../client/call.fixture.ts'
import { logIn, register } from '../client/people.fixture.ts'
import { type Door, startTarget, type Target } from '../targets/target.fixture.ts'

async function start(
  t: TestContext,
  trustedProxies: string,
  door: Door = 'express',
): Promise<Target> {
  const variables = { TRUSTED_PROXIES: trustedProxies, RATE_LIMIT_ANONYMOUS: '3/15m' }
  const target = await startTarget(door, variables)
  t.after(() => target.stop())
  return target
}

function read(target: Target, headers: Record<string, string | string[]> = {}): Promise<Answer> {
  return call(target, '/api/users/public', { headers })
}

async function remaining(target: Target, headers = {}): Promise<number> {
  return Number((await read(target, headers)).headers['ratelimit-remaining'])
}

test('without a trusted proxy no header changes whose call it is (v5.0.0-4.1.3, v5.0.0-15.3.4, RFC 9700 §4.13)', async (t) => {
  const target = await start(t, '0', 'program')
  const spoofs: Record<string, string>[] = [
    { 'x-forwarded-for': '203.0.113.1' },
    { 'x-real-ip': '203.0.113.2' },
    { forwarded: 'for=203.0.113.3' },
    { 'x-client-ip': '203.0.113.4' },
    { 'cf-connecting-ip': '203.0.113.5' },
    { 'true-client-ip': '203.0.113.6' },
    { 'x-cluster-client-ip': '203.0.113.7' },
    { 'x-forwarded-for': '127.0.0.1' },
  ]
  const statuses: number[] = []
  for (const headers of spoofs) statuses.push((await read(target, headers)).status)
  assert.deepEqual(statuses, [200, 200, 200, 429, 429, 429, 429, 429])
})

test('one trusted proxy: its own entry counts, and whatever stands before it was written by the caller', async (t) => {
  const target = await start(t, '1')
  const via = (value: string | string[]) => remaining(target, { 'x-forwarded-for': value })
  assert.equal(await via('203.0.113.1'), 2)
  assert.equal(await via('198.51.100.9, 203.0.113.1'), 1)
  assert.equal(await via('a, b, c, 203.0.113.1'), 0)
  assert.equal((await read(target, { 'x-forwarded-for': '8.8.8.8, 203.0.113.1' })).status, 429)
  assert.equal((await read(target, { 'x-forwarded-for': ['8.8.8.8', '203.0.113.1'] })).status, 429)
  assert.equal(await via('203.0.113.2'), 2, 'another caller is free')
})

test('two trusted proxies: the second entry from the right counts', async (t) => {
  const target = await start(t, '2')
  const via = (value: string) => remaining(target, { 'x-forwarded-for': value })
  assert.equal(await via('203.0.113.1, 10.0.0.1'), 2)
  assert.equal(await via('198.51.100.9, 203.0.113.1, 10.0.0.2'), 1)
  assert.equal(await via('203.0.113.2, 10.0.0.1'), 2)
})

test('an entry that is no address counts for nothing, and the proxy that passed it on is held to it', async (t) => {
  const target = await start(t, '1')
  const hostile = ['unknown', '203.0.113.1:x', '<script>', '203.0.113.999', '', ',', "' OR 1=1"]
  const statuses: number[] = []
  for (const value of hostile)
    statuses.push((await read(target, { 'x-forwarded-for': value })).status)
  assert.deepEqual(statuses, [200, 200, 200, 429, 429, 429, 429])
})

test('a port beside the address makes no other caller of it', async (t) => {
  const target = await start(t, '1')
  const via = (value: string) => remaining(target, { 'x-forwarded-for': value })
  assert.equal(await via('203.0.113.1:50001'), 2)
  assert.equal(await via('203.0.113.1:50002'), 1)
  assert.equal(await via('203.0.113.1'), 0)
  assert.equal(await via('[2001:db8::1]:50001'), 2)
  assert.equal(await via('2001:db8::2'), 1)
})

test('an IPv6 customer is one caller, whatever address of the /64 or spelling is used', async (t) => {
  const target = await start(t, '1')
  const via = (value: string) => read(target, { 'x-forwarded-for': value })
  const same = ['2001:db8:1:2::1', '2001:DB8:1:2:ffff:ffff:ffff:ffff', '2001:0db8:0001:0002::2']
  for (const value of same) assert.equal((await via(value)).status, 200)
  assert.equal((await via('2001:db8:1:2:0:0:0:3')).status, 429)
  assert.equal((await via('2001:db8:1:3::1')).status, 200)
  for (const value of ['::ffff:203.0.113.7', '203.0.113.7', '::ffff:cb00:7107']) await via(value)
  assert.equal((await via('203.0.113.7')).status, 429, 'IPv4 in IPv6 is the same IPv4 address')
})

test('the address of a session is the caller’s, and headers make no link and no cookie (RFC 9700 §4.13)', async (t) => {
  const target = await startTarget('program', { TRUSTED_PROXIES: '1' })
  t.after(() => target.stop())
  const person = await register(target)
  const headers = {
    'x-forwarded-for': '198.51.100.9, 203.0.113.1',
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'https',
    forwarded: 'host=evil.example;proto=https',
  }
  const { token, cookie } = await logIn(target, person, { headers })
  assert.match(cookie, /^refreshToken=/)
  const list = await call(target, '/api/auth/sessions', { token })
  assert.equal((list.json.sessions as { ip: string }[])[0]?.ip, '203.0.113.1')
  for (const path of ['/.well-known/oauth-authorization-server', '/openapi.json']) {
    const answer = await call(target, path, { headers: { ...headers, host: 'evil.example' } })
    assert.equal(answer.status, 200)
    assert.ok(!answer.text.includes('evil.example'))
    assert.ok(answer.text.includes(target.publicUrl))
  }
})
