import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { createGroupRead } from './group-read.ts'

test('a query sees what another process committed before it was asked for, and after', async (t) => {
  const { reader, writer, level } = prepare(t)
  const group = createGroupRead(reader)
  const first = group.read(level)
  writer.exec('UPDATE tank SET level = 1')
  const second = group.read(level)
  // The transaction has not begun: this turn goes on.
  writer.exec('UPDATE tank SET level = 2')
  assert.deepEqual(await Promise.all([first, second]), [2, 2])
  writer.exec('UPDATE tank SET level = 3')
  assert.equal(await group.read(level), 3)
})

test('queries of one turn share one transaction, and one alone needs none', async (t) => {
  const { reader, level } = prepare(t)
  const group = createGroupRead(reader)
  const wasTransaction = (): boolean => {
    level()
    return reader.isTransaction
  }
  const together = [group.read(wasTransaction), group.read(wasTransaction)]
  assert.deepEqual(await Promise.all(together), [true, true])
  assert.equal(reader.isTransaction, false, 'no transaction stays open')
  assert.equal(await group.read(wasTransaction), false)
})

test('a query that fails takes no other with it', async (t) => {
  const { reader, level } = prepare(t)
  const group = createGroupRead(reader)
  const [first, failed, last] = await Promise.allSettled([
    group.read(level),
    group.read(() => reader.prepare('SELECT depth FROM tank')),
    group.read(level),
  ])
  assert.equal(first.status, 'fulfilled')
  assert.equal(failed.status === 'rejected' && failed.reason.message, 'no such column: depth')
  assert.equal(last.status, 'fulfilled')
  assert.equal(reader.isTransaction, false)
})

test('when there can be no transaction, every query is told', async (t) => {
  const { reader, level } = prepare(t)
  const group = createGroupRead(reader)
  const together = Promise.allSettled([group.read(level), group.read(level)])
  reader.close()
  const statuses = (await together).map(({ status }) => status)
  assert.deepEqual(statuses, ['rejected', 'rejected'])
})

test('what waits can be run at once, before the database is closed', async (t) => {
  const { reader, level } = prepare(t)
  const group = createGroupRead(reader)
  const together = [group.read(level), group.read(level)]
  group.flush()
  reader.close()
  assert.deepEqual(await Promise.all(together), [0, 0])
})

function prepare(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'group-read-'))
  const open = (): DatabaseSync => {
    const database = new DatabaseSync(join(directory, 'tank.db'))
    t.after(() => database.isOpen && database.close())
    database.exec('PRAGMA journal_mode = WAL')
    return database
  }
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const writer = open()
  writer.exec('CREATE TABLE tank (level INTEGER); INSERT INTO tank VALUES (0)')
  const reader = open()
  const query = reader.prepare('SELECT level FROM tank')
  return { reader, writer, level: () => query.get()?.['level'] }
}
