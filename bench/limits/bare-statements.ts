// The statements of a refresh or of a profile read with nothing around them: as many callers as the generator has
// connections, on a pool of the driver's own as large as the server's, with the server's prepared statements.
// Arguments: `pair` or `read`, the database's URL, a file of session ids, callers, and for how many seconds. Prints how
// often per second.

import { readFileSync } from 'node:fs'
import pg from 'pg'
import { parsePostgresUrl } from '../../packages/server/src/config/parse-postgres-url.ts'
import { connectionOptionsOf } from '../../packages/server/src/postgres/connection-options.ts'
import { sessionClient } from '../../packages/server/src/postgres/set-up-session.ts'
import { findAccount } from '../../packages/server/src/stores/sql/account-store.ts'
import {
  findSessionWithAccount,
  rotateSession,
} from '../../packages/server/src/stores/sql/session-store.ts'

const [what = '', url = '', sessionsFile = '', callers = '', seconds = ''] = process.argv.slice(2)
const parsed = parsePostgresUrl(url)
if (!parsed.ok) throw new Error(parsed.mistakes.join('\n'))
const pool = new pg.Pool({
  ...connectionOptionsOf(parsed.settings),
  Client: sessionClient(pg, parsed.settings),
  max: parsed.settings.poolSize,
})

interface Row {
  readonly generation: number
  readonly user_id: string
}

const find = findSessionWithAccount.postgres
const swap = rotateSession.postgres
const account = findAccount.postgres

async function load(id: string): Promise<Row> {
  const query = { name: find.name, text: find.sql, values: find.bind({ id }) }
  const { rows } = await pool.query<Row>(query)
  if (rows[0] === undefined) throw new Error('A session is gone')
  return rows[0]
}

async function pair(id: string): Promise<void> {
  const { generation: seen } = await load(id)
  const values = swap.bind({ id, seen, generation: seen + 1, parent: seen, now: Date.now() })
  const { rowCount } = await pool.query({ name: swap.name, text: swap.sql, values })
  if (rowCount !== 1) throw new Error('A swap was lost')
}

async function read(userId: string): Promise<void> {
  const values = account.bind({ id: userId })
  const { rowCount } = await pool.query({ name: account.name, text: account.sql, values })
  if (rowCount !== 1) throw new Error('An account is gone')
}

const ids = readFileSync(sessionsFile, 'utf8').trim().split('\n')
const userIds = await Promise.all(ids.map(async (id) => (await load(id)).user_id))
const [keys, act] = what === 'pair' ? [ids, pair] : [userIds, read]
// A caller has keys of its own, as a session has one client.
const shares = Array.from({ length: Number(callers) }, (_, caller) =>
  keys.filter((_key, index) => index % Number(callers) === caller),
)
let count = 0
const started = performance.now()
const end = started + Number(seconds) * 1000
await Promise.all(
  shares.map(async (own) => {
    while (performance.now() < end) {
      await act(own[Math.floor(Math.random() * own.length)] ?? '')
      count++
    }
  }),
)
console.log((count * 1000) / (performance.now() - started))
await pool.end()
