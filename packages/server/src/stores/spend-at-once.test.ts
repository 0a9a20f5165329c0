// Single use between processes: the store contract races two handles of one process, whose turns an event loop orders.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test, type TestContext } from 'node:test'
import { startServers } from '../../../../tools/servers/database-server.ts'
import { mongodbServers } from '../../../../tools/servers/mongodb-servers.ts'
import { postgresTest } from '../../../../tools/postgres.fixture.ts'
import type { DatabaseSettings } from '../config/settings.ts'
import { settingsOf } from './sql/postgres.fixture.ts'

const rounds = 50
const sentence = 'of 20 that spend one item at once in two processes, one does, 50 times over'

test(`${sentence}: SQLite`, async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-spend-'))
  t.after(() => rmSync(directory, { recursive: true }))
  await raceProcesses(t, { kind: 'sqlite', file: join(directory, 'countersign.db') })
})

postgresTest(`${sentence}: PostgreSQL`, (t, server) =>
  raceProcesses(t, settingsOf(server.urlFor(t))),
)

for (const server of await startServers(mongodbServers)) {
  test(`${sentence}: MongoDB (${server.name})`, (t) =>
    raceProcesses(t, {
      kind: 'mongodb',
      url: server.urlOf(`spend_${randomBytes(4).toString('hex')}`),
    }))
}

async function raceProcesses(t: TestContext, database: DatabaseSettings): Promise<void> {
  const spenders = [startSpender(t, database), startSpender(t, database)]
  for (const { hear } of spenders) assert.equal(await hear(), 'ready')
  for (let round = 0; round < rounds; round++) {
    for (const { say } of spenders) say(`item ${round}`)
    const spent = await Promise.all(spenders.map(async ({ hear }) => Number(await hear())))
    assert.equal(Math.min(...spent) + Math.max(...spent), 1, `round ${round}`)
  }
}

function startSpender(t: TestContext, database: DatabaseSettings) {
  const script = join(import.meta.dirname, 'spend-at-once.fixture.ts')
  const words = ['--conditions=@countersign/source', script, JSON.stringify(database)]
  const child = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    say: (line: string): void => void child.stdin.write(`${line}\n`),
    hear: async (): Promise<string | undefined> => (await lines.next()).value,
  }
}
