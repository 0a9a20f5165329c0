import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test, type TestContext } from 'node:test'
import { postgresTest } from '../../../../tools/postgres.fixture.ts'
import { StoreUnavailableError } from '../foundation/store-failure.ts'
import type { DatabaseSettings, SqliteSettings } from '../config/settings.ts'
import { insertAccount } from '../stores/contract/subject.ts'
import { testOnEveryDatabase } from '../stores/every-database.fixture.ts'
import type { MoveMark } from '../stores/move-mark.ts'
import { openStore } from '../stores/open-store.ts'
import { applySchemaSteps } from '../stores/schema-steps.ts'
import { settingsOf } from '../stores/sql/postgres.fixture.ts'
import { contentOf, fillDatabase } from './full-database.fixture.ts'
import { moveDatabase } from './move-database.ts'
import { MoveRefusedError } from './move-refused-error.ts'
import { movedTables } from './moved-tables.ts'
import { undoMove } from './undo-move.ts'
import { withSide } from './with-side.ts'

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

await testOnEveryDatabase(
  'a move that ended between its last two steps serves nowhere, and is run again',
  async (t, { settings: target }) => {
    const source = fileIn(t, 'source')
    fillDatabase(source.file, 30)
    const before = contentOf(source.file)
    await moveDatabase(source, target)
    const left = await withSide(source, clock, (side) => side.readMark())
    assert.ok(left)
    await markAs(target, { ...left, state: 'arriving', place: `sqlite:${source.file}` })
    await assert.rejects(open(source), isUnavailable(/was moved to/))
    await assert.rejects(open(target), isUnavailable(/did not finish/))
    const stranger = fileIn(t, 'stranger')
    fillDatabase(stranger.file, 3)
    await assert.rejects(
      moveDatabase(stranger, target),
      isRefused(/A move from \S+source\.db into/),
    )

    await moveDatabase(source, target)
    const last = fileIn(t, 'last')
    await moveDatabase(target, last)
    assert.deepEqual(contentOf(last.file), before)
  },
)

async function markAs(settings: DatabaseSettings, mark: MoveMark): Promise<void> {
  await withSide(settings, clock, async (side) => {
    await side.hold()
    await side.commit(mark)
  })
}

postgresTest(
  'what the target gives back otherwise than it was given never serves',
  async (t, server) => {
    const schema = server.newSchema()
    t.after(() => schema.drop())
    const target = settingsOf(schema.url)
    await applySchemaSteps({ database: target, secrets: [] })
    const client = await schema.connect()
    t.after(() => client.end())
    await client.query(`
    CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.detail := NEW.detail || chr(32); RETURN NEW; END';
    CREATE TRIGGER lose BEFORE INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION lose();`)
    const source = fileIn(t, 'source')
    fillDatabase(source.file, 5)
    const wrong = isUnavailable(
      /gives back audit_events otherwise .*nothing was changed at the source/,
    )
    await assert.rejects(moveDatabase(source, target), wrong)
    await (await open(source)).close()
    await assert.rejects(open(target), isUnavailable(/did not finish/))
    await client.query('DROP TRIGGER lose ON audit_events')
    await moveDatabase(source, target)
    await (await open(target)).close()
  },
)

test('a database of a newer version is moved by that version', async (t) => {
  const newer = fileIn(t, 'newer')
  fillDatabase(newer.file, 3)
  const database = new DatabaseSync(newer.file)
  database.exec('ALTER TABLE users ADD COLUMN nickname TEXT')
  database.close()
  await assert.rejects(
    moveDatabase(newer, fileIn(t, 'a')),
    isUnavailable(/users\.nickname\. Move it/),
  )
  const again = new DatabaseSync(newer.file)
  again.exec('ALTER TABLE users DROP COLUMN nickname')
  again.exec("INSERT INTO migrations VALUES (99, 'pets', 'x', 'expand', 1)")
  again.close()
  await assert.rejects(
    moveDatabase(newer, fileIn(t, 'b')),
    isUnavailable(/step 99 \(pets\)\. Move it/),
  )
})

postgresTest(
  'databases whose clocks differ are not moved: a consumer of the feed would miss a revocation',
  async (t, server) => {
    const source = fileIn(t, 'source')
    fillDatabase(source.file, 3)
    const target = settingsOf(server.urlFor(t))
    for (const off of [6_000, -6_000]) {
      const move = moveDatabase(source, target, { clock: () => Date.now() + off })
      await assert.rejects(move, isRefused(/clocks of the two databases differ by -?\d{4} ms/))
    }
    await moveDatabase(source, target, { clock: () => Date.now() + 4_000 })
  },
)
