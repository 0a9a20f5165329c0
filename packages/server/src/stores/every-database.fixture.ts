// A test on every database that there is: SQLite, PostgreSQL and each server of MongoDB's protocol.

import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { postgresTest } from '../../../../tools/postgres.fixture.ts'
import { startServers } from '../../../../tools/servers/database-server.ts'
import { mongodbServers } from '../../../../tools/servers/mongodb-servers.ts'
import type { DatabaseSettings } from '../config/settings.ts'
import { settingsOf } from './sql/postgres.fixture.ts'

/** An empty one, which goes with the test. */
export interface TestDatabase {
  /** DATABASE_URL. */
  readonly url: string
  readonly settings: DatabaseSettings
}

/** Registers the test once for each database; where one cannot be had, the report says why. */
export async function testOnEveryDatabase(
  sentence: string,
  run: (t: TestContext, database: TestDatabase) => Promise<void>,
): Promise<void> {
  test(`${sentence}: SQLite`, async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'countersign-every-'))
    t.after(() => rmSync(directory, { recursive: true }))
    const file = join(directory, 'countersign.db')
    await run(t, { url: `sqlite:${file}`, settings: { kind: 'sqlite', file } })
  })
  postgresTest(`${sentence}: PostgreSQL`, (t, server) => {
    const url = server.urlFor(t)
    return run(t, { url, settings: settingsOf(url) })
  })
  for (const server of await servers()) {
    test(`${sentence}: MongoDB (${server.name})`, (t) => {
      const url = server.urlOf(`every_${randomBytes(4).toString('hex')}`)
      return run(t, { url, settings: { kind: 'mongodb', url } })
    })
  }
}

let started: ReturnType<typeof startServers> | undefined

/** Once for a file of tests. */
function servers(): ReturnType<typeof startServers> {
  return (started ??= startServers(mongodbServers))
}
