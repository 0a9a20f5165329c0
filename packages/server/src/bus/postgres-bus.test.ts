import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { ownPostgresTest, postgresTest } from '../../../../tools/postgres.fixture.ts'
import { startProxy } from '../../../../tools/tcp-proxy.fixture.ts'
import { until } from '../../../../tools/until.ts'
import { settingsOf } from '../stores/sql/postgres.fixture.ts'
import type { Bus } from './bus.ts'
import { decodeBatch, takeBatch } from './message-batch.ts'
import { openPostgresBus } from './postgres-bus.ts'

/** An instance's bus, connected, and what it has heard. */
async function openBus(t: TestContext, url: string, heartbeatMs?: number) {
  const bus = await openPostgresBus(
    settingsOf(url),
    heartbeatMs === undefined ? {} : { heartbeatMs },
  )
  t.after(() => bus.close())
  const heard: string[] = []
  bus.subscribe((message) => heard.push(message))
  await untilConnected(bus)
  return { bus, heard }
}

function untilConnected(bus: Bus): Promise<void> {
  return until(() => bus.isConnected(), 'the bus to connect')
}

postgresTest(
  'every instance on a schema hears every message, the sender included',
  async (t, server) => {
    const url = server.urlFor(t)
    const one = await openBus(t, url)
    const two = await openBus(t, url)
    const stranger = await openBus(t, server.urlFor(t))
    const odd = 'quotes \' " \\ and 日本 👩‍👩‍👧 and \0 and \n'
    await one.bus.publish('a')
    await two.bus.publish(odd)
    await stranger.bus.publish('theirs')
    await until(() => one.heard.length === 2 && two.heard.length === 2, 'both to hear both')
    assert.deepEqual(one.heard.toSorted(), ['a', odd])
    assert.deepEqual(two.heard.toSorted(), ['a', odd])
    await until(() => stranger.heard.length > 0, 'the stranger to hear itself')
    assert.deepEqual(stranger.heard, ['theirs'])
  },
)

postgresTest('thousands of messages at once arrive whole and in order', async (t, server) => {
  const url = server.urlFor(t)
  const { bus } = await openBus(t, url)
  const { heard } = await openBus(t, url)
  const messages = Array.from({ length: 5_000 }, (_, i) => `${i} ${'é'.repeat(i % 300)}`)
  await Promise.all(messages.map((message) => bus.publish(message)))
  await until(() => heard.length === messages.length, 'all of them')
  assert.deepEqual(heard, messages)
})

postgresTest('what others write on the channel is no message', async (t, server) => {
  const url = server.urlFor(t)
  const { bus, heard } = await openBus(t, url)
  const client = await server.connect(t)
  const channel = `countersign ${settingsOf(url).schema}`
  for (const payload of ['', 'plain', '{"a":1}', '[1,null,["x"]]', '[']) {
    await client.query('SELECT pg_notify($1, $2)', [channel, payload])
  }
  await bus.publish('after')
  await until(() => heard.length > 0, 'the message')
  assert.deepEqual(heard, ['after'])
})

ownPostgresTest(
  'connects again when the server returns, and drops what nobody could hear',
  async (t, server) => {
    const url = server.urlFor(t)
    const one = await openBus(t, url)
    const two = await openBus(t, url)
    await server.kill()
    await until(() => !one.bus.isConnected() && !two.bus.isConnected(), 'both to notice')
    await one.bus.publish('lost')
    await server.start()
    await untilConnected(one.bus)
    await untilConnected(two.bus)
    await one.bus.publish('kept')
    await until(() => two.heard.length > 0, 'a message after the return')
    assert.deepEqual(two.heard, ['kept'])
  },
)

ownPostgresTest('notices a connection that is dead and says nothing', async (t, server) => {
  const proxy = await startProxy(t, server.port)
  const url = `postgres://postgres@127.0.0.1:${proxy.port}/postgres?statement_timeout=100`
  const { bus, heard } = await openBus(t, url, 20)
  proxy.mode = 'hold'
  await until(() => !bus.isConnected(), 'the bus to notice')
  await bus.publish('dropped at once')
  proxy.cut()
  proxy.mode = 'pass'
  await untilConnected(bus)
  await bus.publish('again')
  await until(() => heard.includes('again'), 'a message after the return')
})

postgresTest(
  'is silent after it is closed, and a listener after it is ended',
  async (t, server) => {
    const url = server.urlFor(t)
    const { bus, heard } = await openBus(t, url)
    const listener = (message: string): void => void heard.push(`second ${message}`)
    const end = bus.subscribe(listener)
    bus.subscribe(listener)
    end()
    await bus.publish('a')
    await until(() => heard.length === 2, 'two listeners')
    assert.deepEqual(heard, ['a', 'second a'])
    await Promise.all([bus.close(), bus.close()])
    await bus.publish('b')
    assert.equal(bus.isConnected(), false)
    assert.equal(heard.length, 2)
  },
)

postgresTest('closes at once while the server cannot be reached', async (t, server) => {
  const proxy = await startProxy(t, Number(new URL(server.urlFor(t)).port))
  proxy.mode = 'hold'
  const bus = await openPostgresBus(
    settingsOf(`postgres://postgres@127.0.0.1:${proxy.port}/postgres`),
  )
  await until(() => proxy.connections() > 0, 'an attempt')
  await bus.close()
  assert.equal(bus.isConnected(), false)
})

postgresTest('refuses a message that is too long for every bus', async (t, server) => {
  const { bus } = await openBus(t, server.urlFor(t))
  await bus.publish('\0'.repeat(1_000))
  assert.throws(() => bus.publish('é'.repeat(501)), RangeError)
})

test('a notification holds as many messages as fit, and at least one', () => {
  const waiting = Array.from({ length: 30 }, () => '"'.repeat(400))
  const payloads: string[] = []
  while (waiting.length > 0) payloads.push(takeBatch(waiting))
  assert.ok(payloads.every((payload) => Buffer.byteLength(payload) < 8_000))
  assert.equal(payloads.flatMap(decodeBatch).length, 30)
  assert.ok(payloads.length < 6)
})
