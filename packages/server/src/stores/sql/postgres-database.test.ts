import assert from 'node:assert/strict'
import { postgresTest } from '../../../../../tools/postgres.fixture.ts'
import { parsePostgresUrl } from '../../config/parse-postgres-url.ts'
import { openPostgresStore } from './open-postgres-store.ts'

postgresTest('opens', async (t, server) => {
  const parsed = parsePostgresUrl(server.urlFor(t))
  assert.ok(parsed.ok)
  const store = await openPostgresStore(parsed.settings)
  console.log(store.description, (await store.readTime()) - Date.now())
  await store.checkReady()
  await store.close()
})
