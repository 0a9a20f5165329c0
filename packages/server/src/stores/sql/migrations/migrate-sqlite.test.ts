import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { StoreUnavailableError } from '../../../foundation/store-failure.ts'
import { checkSqliteSchema, migrateSqlite } from './migrate-sqlite.ts'
import type { Migration } from './migration.ts'
import { migrations } from './migrations.ts'

const now = 1_790_000_000_000
// Those of the first step: what later ones add has a default.
const columns = `id, username, username_key, email, password_hash, role, disabled, session_epoch,
  token_epoch, epochs_raised_at, created_at, updated_at, deleted_at`

test('every older schema becomes the newest, and keeps what it holds', () => {
  const newest = schemaOf(migrated())
  for (let older = 1; older < migrations.length; older++) {
    const database = migrated(migrations.slice(0, older))
    database.exec(`INSERT INTO users (${columns}) VALUES
      ('u', 'Ada', 'ada', NULL, 'hash', 'user', 0, 1, 2, NULL, 3, 4, NULL)`)
    const read = () => database.prepare(`SELECT ${columns} FROM users`).get()
    const before = read()
    migrateSqlite(database, now)
    assert.deepEqual(schemaOf(database), newest, `from ${older}`)
    assert.deepEqual(read(), before)
  }
})

test('what is the newest already stays as it is', () => {
  const database = migrated()
  const before = database.prepare('SELECT * FROM migrations').all()
  migrateSqlite(database, now + 1)
  assert.deepEqual(database.prepare('SELECT * FROM migrations').all(), before)
  assert.deepEqual(
    before.map((row) => row['number']),
    migrations.map(({ number }) => number),
  )
})

test('migrations are numbered from one without a gap', () => {
  assert.deepEqual(
    migrations.map(({ number }) => number),
    migrations.map((_, index) => index + 1),
  )
})

test('a step that fails undoes the steps before it, and can be tried again', () => {
  const database = migrated(migrations.slice(0, 1))
  const before = schemaOf(database)
  const good = step(2, 'CREATE TABLE good (id TEXT) STRICT')
  const broken = step(3, 'CREATE TABLE half (id TEXT) STRICT', 'CREATE TABLE users (id TEXT)')
  const known = [...migrations.slice(0, 1), good, broken]
  assert.throws(() => migrateSqlite(database, now, known), /users already exists/)
  assert.deepEqual(schemaOf(database), before)
  assert.equal(database.isTransaction, false)
  migrateSqlite(database, now)
  assert.deepEqual(schemaOf(database), schemaOf(migrated()))
})

test('what a newer version added is no obstacle: while it rolls out this version may start again', () => {
  const next = step(migrations.length + 1, 'CREATE TABLE next (id TEXT) STRICT')
  const database = migrated([...migrations, next])
  const before = schemaOf(database)
  migrateSqlite(database, now)
  checkSqliteSchema(database)
  assert.deepEqual(schemaOf(database), before)
})

test('a database from which a newer version took something is refused with the mend, and left alone', () => {
  const next = step(migrations.length + 1, 'DROP TABLE leases')
  const database = migrated([...migrations, { ...next, kind: 'contract' }])
  const before = schemaOf(database)
  assert.throws(() => migrateSqlite(database, now), hasReason('schema', /start a newer version/))
  assert.deepEqual(schemaOf(database), before)
})

test('a step that was applied in another form is refused, and left alone', () => {
  const database = migrated([step(1, 'CREATE TABLE users (id TEXT) STRICT')])
  const before = schemaOf(database)
  assert.throws(() => migrateSqlite(database, now), hasReason('schema', /in another form/))
  assert.deepEqual(schemaOf(database), before)
})

function migrated(known?: readonly Migration[]): DatabaseSync {
  const database = new DatabaseSync(':memory:')
  migrateSqlite(database, now, known)
  return database
}

function step(number: number, ...statements: string[]): Migration {
  return { number, name: `step ${number}`, statements }
}

function schemaOf(database: DatabaseSync): object[] {
  return [
    ...database.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY name').all(),
    ...database.prepare('SELECT number, name, checksum FROM migrations').all(),
  ]
}

function hasReason(reason: StoreUnavailableError['reason'], message: RegExp) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof StoreUnavailableError)
    assert.equal(error.reason, reason)
    assert.match(error.message, message)
    return true
  }
}
