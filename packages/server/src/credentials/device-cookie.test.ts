import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { day } from '../foundation/clock.ts'
import { createTestClock, createTestRandomness } from '../foundation/deterministic.fixture.ts'
import { createIdSource } from '../foundation/ids.ts'
import { createMasterSecrets, seal } from '../foundation/master-secret.ts'
import { createSource } from '../http/source.fixture.ts'
import { createDeviceCookies } from './device-cookie.ts'

const ada = { id: 'ada', sessionEpoch: 3 }
const bob = { id: 'bob', sessionEpoch: 0 }

function setUp(secrets = ['a-secret-that-is-long-enough-for-tests']) {
  const clock = createTestClock()
  const randomness = createTestRandomness()
  const cookie = { name: 'device', secure: true }
  const masterSecrets = createMasterSecrets(secrets)
  const parts = { secrets: masterSecrets, clock, randomness, cookie }
  const devices = createDeviceCookies({ ...parts, newId: createIdSource(clock, randomness) })
  return { ...parts, devices }
}

const without = createSource()
const bringing = (setCookie: string) => createSource({ headers: { cookie: pairOf(setCookie) } })
const at = (cookie: string) => createSource({ headers: { cookie } })
const pairOf = (setCookie: string): string => setCookie.split(';', 1)[0] ?? ''

describe('the cookie of a device', () => {
  test('is out of reach of scripts and other sites, and lives long', () => {
    const { devices } = setUp()
    assert.match(
      devices.remember(without, ada),
      /^device=[\w-]{80,400}; Path=\/; Max-Age=15552000; HttpOnly; SameSite=Strict; Secure$/,
    )
  })

  test('is recognized for the account that logged in on it, and for no other', () => {
    const { devices } = setUp()
    const source = bringing(devices.remember(without, ada))
    assert.match(devices.recognize(source, ada) ?? '', /^\w{26}$/)
    assert.equal(devices.recognize(source, bob), undefined)
    assert.equal(devices.recognize(without, ada), undefined)
  })

  test('is worthless once the account’s epoch has moved, in either direction', () => {
    const { devices } = setUp()
    const source = bringing(devices.remember(without, ada))
    assert.equal(devices.recognize(source, { ...ada, sessionEpoch: 4 }), undefined)
    assert.equal(devices.recognize(source, { ...ada, sessionEpoch: 2 }), undefined)
  })

  test('stays the same device through all log-ins on it, of up to five accounts', () => {
    const { devices } = setUp()
    let source = bringing(devices.remember(without, ada))
    const device = devices.recognize(source, ada)
    source = bringing(devices.remember(source, { ...ada, sessionEpoch: 4 }))
    assert.equal(devices.recognize(source, { ...ada, sessionEpoch: 4 }), device)
    assert.equal(devices.recognize(source, ada), undefined)
    for (const id of ['1', '2', '3', '4']) {
      source = bringing(devices.remember(source, { id, sessionEpoch: 0 }))
    }
    assert.equal(devices.recognize(source, { ...ada, sessionEpoch: 4 }), device)
    source = bringing(devices.remember(source, { id: '5', sessionEpoch: 0 }))
    assert.equal(devices.recognize(source, { ...ada, sessionEpoch: 4 }), undefined)
    assert.equal(devices.recognize(source, { id: '1', sessionEpoch: 0 }), device)
  })

  test('is another device in another browser', () => {
    const { devices } = setUp()
    const one = bringing(devices.remember(without, ada))
    const two = bringing(devices.remember(without, ada))
    assert.notEqual(devices.recognize(one, ada), devices.recognize(two, ada))
  })

  test('is over after 180 days without a log-in, by the server’s clock', () => {
    const { devices, clock } = setUp()
    const source = bringing(devices.remember(without, ada))
    clock.advance(180 * day - 1)
    const renewed = bringing(devices.remember(source, bob))
    assert.ok(devices.recognize(source, ada))
    clock.advance(1)
    assert.equal(devices.recognize(source, ada), undefined)
    assert.equal(devices.recognize(renewed, ada), undefined)
    assert.ok(devices.recognize(renewed, bob))
  })

  test('cannot be made up, altered, or taken from what was sealed for another purpose', () => {
    const { devices, secrets, randomness } = setUp()
    const genuine = pairOf(devices.remember(without, ada))
    assert.ok(devices.recognize(at(genuine), ada))
    const facts = Buffer.from(
      JSON.stringify({ id: 'x', accounts: [{ ...ada, epoch: 3, at: 9e15 }] }),
    )
    for (const forged of [
      'device=',
      'device=x',
      `device=${facts.toString('base64url')}`,
      `device=${seal(secrets, 'ticket sign-in-link', facts, randomness)}`,
      `device=${setUp(['another-secret-that-is-long-enough']).devices.remember(without, ada).slice(7)}`,
      `${genuine.slice(0, 60)}${genuine[60] === 'A' ? 'B' : 'A'}${genuine.slice(61)}`,
      genuine.slice(0, -10),
      `${genuine}; ${genuine}`,
      genuine.replace('device', 'Device'),
      `device=${'A'.repeat(6_000)}`,
    ]) {
      assert.equal(devices.recognize(at(forged), ada), undefined, forged)
    }
  })
})
