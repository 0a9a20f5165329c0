import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { StoreUnavailableError } from '../../foundation/store-failure.ts'
import { createGroupCommit } from './group-commit.ts'

class CountingDatabase extends DatabaseSync {
  commits = 0
  override exec(sql: string): void {
    super.exec(sql)
    if (sql === 'COMMIT') this.commits++
  }
}

function open(t: TestContext, patienceMs = 5_000, sync = async () => {}) {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-group-'))
  const file = join(directory, 'test.db')
  const database = new CountingDatabase(file, { timeout: 0 })
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON;
    CREATE TABLE parents (id INTEGER PRIMARY KEY) STRICT;
    CREATE TABLE items (
      place INTEGER PRIMARY KEY AUTOINCREMENT,
      name TEXT NOT NULL UNIQUE,
      parent INTEGER REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED
    ) STRICT;`)
  const other = new DatabaseSync(file, { timeout: 0 })
  t.after(() => {
    other.close()
    database.close()
    rmSync(directory, { recursive: true })
  })
  const group = createGroupCommit(database, patienceMs, sync)
  const insert = database.prepare('INSERT INTO items (name, parent) VALUES (?, ?)')
  const add = (name: string | number, parent: number | null = null): Promise<unknown> =>
    group.write(() => insert.run(name, parent))
  const addLoosely = (name: string): Promise<unknown> =>
    group.write(() => insert.run(name, null), 'crash')
  const names = () =>
    other
      .prepare('SELECT name FROM items ORDER BY place')
      .all()
      .map((row) => row['name'])
  return { database, other, group, add, addLoosely, names }
}

test('writes of one turn share one transaction', async (t) => {
  const { database, add, names } = open(t)
  await Promise.all(['a', 'b', 'c', 'd'].map((name) => add(name)))
  assert.equal(database.commits, 1)
  await add('e')
  assert.equal(database.commits, 2)
  assert.deepEqual(names(), ['a', 'b', 'c', 'd', 'e'])
})

test('who has to read first shares the transaction of who has not', async (t) => {
  const { database, add, names } = open(t)
  const first = add('a')
  await new Promise(setImmediate)
  await Promise.all([first, add('b')])
  assert.equal(database.commits, 1)
  assert.deepEqual(names(), ['a', 'b'])
})

test('a statement that fails takes no neighbour with it', async (t) => {
  const { add, names } = open(t)
  await add('a')
  const results = await Promise.allSettled(['b', 'a', 'c', 'b', 'd'].map((name) => add(name)))
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled'],
  )
  assert.deepEqual(names(), ['a', 'b', 'c', 'd'])
})

test('code that throws, in the middle of a batch, takes no neighbour with it', async (t) => {
  const { group, add, names } = open(t)
  const first = add('a')
  const broken = group.write(() => {
    throw new TypeError('broken')
  })
  const last = add('b')
  await assert.rejects(broken, TypeError)
  await Promise.all([first, last])
  assert.deepEqual(names(), ['a', 'b'])
})

test('a write is answered only after its commit', async (t) => {
  const { add, names } = open(t)
  const seen: boolean[] = []
  await Promise.all(
    Array.from({ length: 50 }, async (_, index) => {
      const name = `item ${index}`
      await add(name)
      seen.push(names().includes(name))
    }),
  )
  assert.equal(seen.length, 50)
  assert.ok(seen.every(Boolean), 'another connection sees what was answered')
})

test('a commit that fails takes all of its statements with it, and none is half done', async (t) => {
  const { add, names } = open(t)
  // The foreign key is checked at COMMIT, which therefore fails although every statement succeeded.
  const results = await Promise.allSettled([add('a'), add('orphan', 99), add('b')])
  assert.deepEqual(
    results.map(({ status }) => status),
    ['rejected', 'rejected', 'rejected'],
  )
  assert.deepEqual(names(), [])
  await Promise.all([add('a'), add('b')])
  assert.deepEqual(names(), ['a', 'b'], 'and the next transaction is a new one')
})

test('writes happen in the order in which they were asked for, however many', async (t) => {
  const { database, add, names } = open(t)
  const wanted = Array.from({ length: 1_300 }, (_, index) => `item ${index}`)
  const answered: string[] = []
  await Promise.all(
    wanted.map(async (name) => {
      await add(name)
      answered.push(name)
    }),
  )
  assert.deepEqual(names(), wanted)
  assert.deepEqual(answered, wanted)
  assert.ok(database.commits > 1, 'a batch has a limit')
})

test('a write that is asked for by the answer to another one is carried out', async (t) => {
  const { group, add, names } = open(t)
  const chain = async (prefix: string): Promise<void> => {
    for (let step = 0; step < 5; step++) await add(`${prefix}${step}`)
  }
  await Promise.all([chain('a'), chain('b')])
  await group.drain()
  assert.equal(names().length, 10)
})

test('draining waits for everything that was accepted', async (t) => {
  const { group, add, names } = open(t)
  await group.drain()
  const accepted = Array.from({ length: 1_000 }, (_, index) => add(`item ${index}`))
  await group.drain()
  assert.equal(names().length, 1_000)
  await Promise.all(accepted)
})

test('a lock of another process is waited for, and the event loop goes on meanwhile', async (t) => {
  const { other, add, names } = open(t)
  other.exec('BEGIN IMMEDIATE')
  let isAnswered = false
  const adding = add('a').then(() => (isAnswered = true))
  for (let turns = 0; turns < 100; turns++) {
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(isAnswered, false)
  }
  other.exec('COMMIT')
  await adding
  assert.deepEqual(names(), ['a'])
})

test('a lock that outlasts the patience refuses what waited, and nothing was changed', async (t) => {
  const { other, add, names } = open(t, 0)
  other.exec('BEGIN IMMEDIATE')
  const results = await Promise.allSettled([add('a'), add('b')])
  for (const result of results) {
    assert.ok(result.status === 'rejected')
    assert.ok(result.reason instanceof StoreUnavailableError)
    assert.equal(result.reason.reason, 'locked')
  }
  other.exec('COMMIT')
  assert.deepEqual(names(), [])
  await add('c')
  assert.deepEqual(names(), ['c'])
})

test('a full disk refuses the whole batch, and later writes are carried out', async (t) => {
  const { database, add, names } = open(t)
  await add('a')
  const pages = Number(database.prepare('PRAGMA page_count').get()?.['page_count'])
  database.exec(`PRAGMA max_page_count = ${pages}`)
  const results = await Promise.allSettled([add('b'), add('x'.repeat(50_000)), add('c')])
  for (const result of results) {
    assert.ok(result.status === 'rejected')
    assert.ok(result.reason instanceof StoreUnavailableError)
    assert.equal(result.reason.reason, 'full')
  }
  assert.deepEqual(names(), ['a'])
  database.exec('PRAGMA max_page_count = 100000')
  await Promise.all([add('b'), add('x'.repeat(50_000))])
  assert.equal(names().length, 3)
})

async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
}

test('nobody is answered before a sync that began after the commit, and what comes meanwhile shares the next transaction', async (t) => {
  const syncs: (() => void)[] = []
  const sync = () => new Promise<void>((resolve) => void syncs.push(resolve))
  const { add, names, database } = open(t, 5_000, sync)
  const answered: string[] = []
  const ask = (name: string) => add(name).then(() => void answered.push(name))
  const first = ask('a')
  await turns()
  const others = [ask('b')]
  await turns()
  others.push(ask('c'))
  await turns()
  assert.deepEqual([syncs.length, names(), answered], [1, ['a'], []])
  syncs[0]?.()
  await first
  await turns()
  assert.deepEqual([syncs.length, names(), answered], [2, ['a', 'b', 'c'], ['a']])
  syncs[1]?.()
  await Promise.all(others)
  assert.deepEqual([syncs.length, database.commits, answered], [2, 2, ['a', 'b', 'c']])
})

test('a disk that does not sync refuses what waited, and everything after it: a later sync would prove nothing', async (t) => {
  let isBroken = true
  const sync = async (): Promise<void> => {
    if (isBroken) throw Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' })
  }
  const { add, group } = open(t, 5_000, sync)
  const before = await Promise.allSettled([add('a'), add('b')])
  isBroken = false
  const after = await Promise.allSettled([add('c'), group.write(() => 1)])
  for (const result of [...before, ...after]) {
    assert.ok(result.status === 'rejected')
    assert.ok(result.reason instanceof StoreUnavailableError)
    assert.match(result.reason.message, /start the server again/)
  }
  await group.drain()
})

test('what has to outlive a crash alone is answered at its commit, and asks for no sync', async (t) => {
  const syncs: (() => void)[] = []
  const sync = () => new Promise<void>((resolve) => void syncs.push(resolve))
  const { add, addLoosely, names } = open(t, 5_000, sync)
  await addLoosely('a')
  assert.deepEqual([names(), syncs.length], [['a'], 0])
  let isAnswered = false
  const durable = add('b').then(() => (isAnswered = true))
  // In one transaction with its durable neighbour, which goes on waiting.
  await addLoosely('c')
  assert.deepEqual([names(), syncs.length, isAnswered], [['a', 'b', 'c'], 1, false])
  syncs[0]?.()
  await durable
})

test('a statement that fails is refused, whatever it has to outlive', async (t) => {
  const { addLoosely, names } = open(t)
  await addLoosely('a')
  await assert.rejects(addLoosely('a'))
  assert.deepEqual(names(), ['a'])
})
