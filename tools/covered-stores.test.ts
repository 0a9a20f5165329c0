// Says which databases the tests of this run cover: with a skipped one a green run proves less.

import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { sharedPostgres, whyNoPostgres } from './postgres.fixture.ts'
import { isStoreRequired } from './required-stores.ts'

test('which stores the tests cover', async (t) => {
  const version = new DatabaseSync(':memory:').prepare('SELECT sqlite_version() AS v').get()?.['v']
  t.diagnostic(`covered: SQLite ${String(version)}, part of Node`)
  const missing = whyNoPostgres()
  if (missing === undefined) t.diagnostic(`covered: ${(await sharedPostgres()).description}`)
  else t.diagnostic(`NOT covered: ${missing}`)
  if (missing !== undefined && isStoreRequired('postgres')) assert.fail(missing)
})
