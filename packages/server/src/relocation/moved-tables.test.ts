import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { collectionNames } from '../stores/mongodb/documents.ts'
import { migrateSqlite } from '../stores/sql/migrations/migrate-sqlite.ts'
import { collectionOf } from './document-form.ts'
import { columnsOf, leftBehind, movedTables } from './moved-tables.ts'

const schemaItself = 'migrations'

test('every table and column that a migration makes is moved, or left behind for a reason', () => {
  const database = new DatabaseSync(':memory:')
  migrateSqlite(database, 0)
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()
  const names = tables.map(({ name }) => String(name)).toSorted()
  assert.deepEqual(names, [...movedTables, ...Object.keys(leftBehind), schemaItself].toSorted())
  for (const table of movedTables) {
    const columns = database.prepare('SELECT name FROM pragma_table_info(?)').all(table)
    assert.deepEqual(
      columns.map(({ name }) => String(name)).toSorted(),
      columnsOf(table).toSorted(),
      table,
    )
  }
})

test('every collection is moved, or left behind for a reason', () => {
  const moved = [...movedTables.map(collectionOf), ...Object.keys(leftBehind), schemaItself]
  assert.deepEqual(moved.toSorted(), Object.keys(collectionNames).toSorted())
})
