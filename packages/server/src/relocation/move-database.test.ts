import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext } from 'node:test'
import { StoreUnavailableError } from '../foundation/store-failure.ts'
import type { SqliteSettings } from '../config/settings.ts'
import { insertAccount } from '../stores/contract/subject.ts'
import { testOnEveryDatabase } from '../stores/every-database.fixture.ts'
import { openStore } from '../stores/open-store.ts'
import { contentOf, fillDatabase } from './full-database.fixture.ts'
import { moveDatabase } from './move-database.ts'
import { MoveRefusedError } from './move-refused-error.ts'
import { movedTables } from './moved-tables.ts'
import { undoMove } from './undo-move.ts'

const clock = Date.now

function fileIn(t: TestContext, name: string): SqliteSettings {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-move-'))
  t.after(() => rmSync(directory, { recursive: true }))
  return { kind: 'sqlite', file: join(directory, `${name}.db`) }
}

function isUnavailable(message: RegExp) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof StoreUnavailableError, String(error))
    assert.match(error.message, message)
    return true
  }
}

function isRefused(message: RegExp) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof MoveRefusedError, String(error))
    assert.match(error.message, message)
    return true
  }
}

const open = (settings: Parameters<typeof openStore>[0]['database'], migratesOnStart = true) =>
  openStore({ database: settings, migratesOnStart }, clock)

await testOnEveryDatabase(
  'there and back every row of every table is what it was',
  async (t, { settings: there }) => {
    const [first, last] = [fileIn(t, 'first'), fileIn(t, 'last')]
    fillDatabase(first.file)
    const before = contentOf(first.file)
    const report = await moveDatabase(first, there)
    assert.deepEqual([...report.rows.keys()], movedTables)
    assert.deepEqual(new Set(report.rows.values()), new Set([1_203]))
    await assert.rejects(open(first), isUnavailable(/was moved to \S+ on 20\d\d-/))
    await (await open(there)).close()

    await moveDatabase(there, last)
    assert.deepEqual(contentOf(last.file), before)
    await assert.rejects(open(there), isUnavailable(/was moved to sqlite:/))
    await (await open(last)).close()
    await assert.rejects(moveDatabase(there, fileIn(t, 'other')), isRefused(/was moved to sqlite:/))

    await undoMove(there)
    await assert.rejects(undoMove(there), isRefused(/was not moved/))
    const store = await open(there)
    t.after(() => store.close())
    assert.equal((await store.listAccounts({ limit: 2 })).length, 2, 'it serves again')
  },
)

await testOnEveryDatabase(
  'a target that holds something is refused, and both stay as they were',
  async (t, { settings: target }) => {
    const source = fileIn(t, 'source')
    fillDatabase(source.file, 3)
    const store = await open(target)
    t.after(() => store.close())
    const { id } = await insertAccount(store, { username: 'theirs' })
    const before = contentOf(source.file)
    if (target.kind === 'sqlite') await store.close()
    await assert.rejects(moveDatabase(source, target), isRefused(/is not empty \(users\)/))
    assert.deepEqual(contentOf(source.file), before)
    await (await open(source)).close()
    const again = await open(target)
    t.after(() => again.close())
    assert.equal((await again.findAccount(id))?.username, 'theirs')
    assert.equal((await again.listAccounts({ limit: 9 })).length, 1)
  },
)
