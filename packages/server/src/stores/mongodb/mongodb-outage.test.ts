import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import { MongoClient } from 'mongodb'
import { type DatabaseServer, startServers } from '../../../../../tools/servers/database-server.ts'
import { mongodbServers } from '../../../../../tools/servers/mongodb-servers.ts'
import { startProxy } from '../../../../../tools/tcp-proxy.fixture.ts'
import { until } from '../../../../../tools/until.ts'
import { StoreUnavailableError } from '../../foundation/store-failure.ts'
import { type AttemptDocument, collectionNames } from './documents.ts'
import { openMongodbStore } from './open-mongodb-store.ts'

const clock = () => 1_790_000_000_000
const minute = { limit: 1_000, windowMs: 60_000, now: clock() }
const quick = {
  serverSelectionTimeoutMS: '2000',
  connectTimeoutMS: '1000',
  socketTimeoutMS: '1000',
  waitQueueTimeoutMS: '500',
}

for (const server of await startServers(mongodbServers)) {
  const cases: Readonly<Record<string, (t: TestContext) => Promise<void>>> = {
    'a change whose answer is lost has happened once, and is not sent again': async (t) => {
      const { proxy, store, countOf } = await openBehindProxy(t, server)
      await store.reserveAttempt('key', minute)
      const trap = proxy.cutOn('findAndModify', 'unanswered')
      assert.equal(await outcomeOf(store.reserveAttempt('key', minute)), 'interrupted')
      await untilReady(store)
      assert.equal(trap.count(), 1)
      assert.equal(await countOf('key'), 2)
    },

    'a change that the server never got has not happened, and is not sent again': async (t) => {
      const { proxy, store, countOf } = await openBehindProxy(t, server)
      await store.reserveAttempt('key', minute)
      const trap = proxy.cutOn('findAndModify', 'unsent')
      assert.equal(await outcomeOf(store.reserveAttempt('key', minute)), 'interrupted')
      await untilReady(store)
      assert.equal(trap.count(), 1)
      assert.equal(await countOf('key'), 1)
    },

    'a read whose connection breaks is asked again': async (t) => {
      const { proxy, store } = await openBehindProxy(t, server)
      const trap = proxy.cutOn(collectionNames.sessions, 'unanswered')
      assert.equal(await store.findSessionWithAccount('none'), undefined)
      assert.equal(trap.count(), 1)
    },

    'an item that was spent without an answer stays spent': async (t) => {
      const { proxy, store } = await openBehindProxy(t, server)
      const consume = () => store.consumeOnce('code', 'a', clock() + 1, clock())
      await store.checkReady()
      const trap = proxy.cutOn(collectionNames.consumed, 'unanswered')
      assert.equal(await outcomeOf(consume()), 'interrupted')
      await untilReady(store)
      assert.equal(trap.count(), 1)
      assert.equal(await consume(), false)
    },

    'while nothing gets through, everybody is told so and nobody hangs': async (t) => {
      const { proxy, store, countOf } = await openBehindProxy(t, server, { maxPoolSize: '4' })
      await store.reserveAttempt('key', minute)
      await Promise.all(Array.from({ length: 8 }, () => store.reserveAttempt('key', minute)))
      proxy.mode = 'hold'
      const outcomes = await Promise.all([
        ...Array.from({ length: 40 }, () => outcomeOf(store.reserveAttempt('key', minute))),
        ...Array.from({ length: 40 }, () => outcomeOf(store.findSessionWithAccount('none'))),
        outcomeOf(store.checkReady()),
      ])
      assert.ok(!outcomes.includes('done'), outcomes.join())
      assert.ok(new Set(outcomes).isSubsetOf(new Set(['busy', 'unreachable', 'interrupted'])))
      const sent = outcomes.filter((outcome) => outcome === 'interrupted').length
      assert.ok(sent <= 4, `${sent} were under way on four connections`)
      proxy.mode = 'pass'
      await untilReady(store)
      const count = await countOf('key')
      assert.ok(count >= 9 && count <= 9 + sent, `${count}`)
    },

    'a slow network is only slow': async (t) => {
      const { proxy, store } = await openBehindProxy(t, server, {
        socketTimeoutMS: '60000',
        waitQueueTimeoutMS: '60000',
      })
      proxy.delayMs = 60
      const results = await Promise.all(
        Array.from({ length: 30 }, () => store.reserveAttempt('key', { ...minute, limit: 12 })),
      )
      assert.equal(results.filter(({ granted }) => granted).length, 12)
    },

    'a server that refuses connections is unreachable, and used again when it accepts them': async (
      t,
    ) => {
      const { proxy, store } = await openBehindProxy(t, server)
      proxy.mode = 'refuse'
      proxy.cut()
      await until(() => proxy.connections() === 0, 'the connections to be gone')
      // What was sent into a connection that is dead already counts as interrupted.
      const askAgain = async () => outcomeOf(store.reserveAttempt('key', minute))
      await until(async () => (await askAgain()) === 'unreachable', 'the server to be missed')
      assert.equal(await outcomeOf(store.checkReady()), 'unreachable')
      proxy.mode = 'pass'
      await untilReady(store)
      assert.equal(await outcomeOf(store.reserveAttempt('key', minute)), 'done')
    },

    'closes although the server does not answer': async (t) => {
      const { proxy, store } = await openBehindProxy(t, server)
      await store.checkReady()
      proxy.mode = 'hold'
      const late = outcomeOf(store.checkReady())
      await store.close()
      assert.equal(await late, 'interrupted')
      assert.equal(await outcomeOf(store.checkReady()), 'closed')
    },

    'a database that was emptied under it is not ready': async (t) => {
      const { store, own } = await openBehindProxy(t, server)
      await store.checkReady()
      await own.db().collection(collectionNames.migrations).deleteMany({})
      assert.equal(await outcomeOf(store.checkReady()), 'schema')
    },
  }
  for (const [sentence, prove] of Object.entries(cases)) test(`${server.name}: ${sentence}`, prove)
}

/** A store behind a proxy, and a way past both. */
async function openBehindProxy(
  t: TestContext,
  server: DatabaseServer,
  parameters: Readonly<Record<string, string>> = {},
) {
  const direct = new URL(server.urlOf(`outage_${randomBytes(4).toString('hex')}`))
  const proxy = await startProxy(t, Number(direct.port))
  const behind = new URL(direct)
  behind.port = `${proxy.port}`
  behind.search = new URLSearchParams({ ...quick, ...parameters }).toString()
  const store = await openMongodbStore({ url: behind.href, clock })
  t.after(() => store.close())
  const own = new MongoClient(direct.href)
  t.after(() => own.close())
  const attempts = own.db().collection<AttemptDocument>(collectionNames.attempts)
  const countOf = async (key: string): Promise<number> =>
    (await attempts.findOne({ _id: key }))?.count ?? 0
  return { proxy, store, own, countOf }
}

/** The reason for which the store was unavailable, or `done`. */
async function outcomeOf(act: Promise<unknown>): Promise<string> {
  try {
    await act
    return 'done'
  } catch (error) {
    assert.ok(error instanceof StoreUnavailableError, String(error))
    return error.reason
  }
}

function untilReady(store: { checkReady(): Promise<void> }): Promise<void> {
  return until(async () => (await outcomeOf(store.checkReady())) === 'done', 'the store to recover')
}
