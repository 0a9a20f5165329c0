import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { totalmem } from 'node:os'
import { parsePostgresUrl } from '../packages/server/src/config/parse-postgres-url.ts'
import { openPostgresStore } from '../packages/server/src/stores/sql/open-postgres-store.ts'
import { startPostgres, whyNoPostgres } from '../tools/postgres.fixture.ts'
import type { Cores } from './machine.ts'
import type { Place } from './population.ts'

export interface BenchPostgres extends AsyncDisposable {
  /** `PostgreSQL 17.2`. */
  readonly version: string
  newDatabase(): PostgresPlace
}

export interface PostgresPlace extends Place {
  readonly url: string
  /** What tells the program to use it. */
  readonly variables: Readonly<Record<string, string>>
}

/** A server of the bench's own, durable as it comes; undefined where PostgreSQL is not installed. */
export async function startBenchPostgres(cores: Cores): Promise<BenchPostgres | undefined> {
  if (whyNoPostgres() !== undefined) return undefined
  const ends: (() => Promise<void>)[] = []
  // Its processes inherit where they may run. Pinned beside the generator it would be slower for those who need one.
  pinThisProcess(cores.all)
  const server = await startPostgres({ after: (end) => ends.push(end) }, [
    'max_wal_size=4GB',
    'max_connections=200',
    // A quarter of the memory, as its manual says for a machine of its own (19.4.1); it comes with 128 MB.
    `shared_buffers=${Math.floor(totalmem() / 4 / 2 ** 20)}MB`,
  ])
  pinThisProcess(cores.generator)
  return {
    version: /^PostgreSQL [\d.]+/.exec(server.description)?.[0] ?? server.description,
    newDatabase: () => toPlace(server.newSchema().url),
    [Symbol.asyncDispose]: async () => {
      for (const end of ends) await end()
    },
  }
}

function toPlace(url: string): PostgresPlace {
  const parsed = parsePostgresUrl(url)
  if (!parsed.ok) throw new Error(parsed.mistakes.join('\n'))
  const secret = randomBytes(32).toString('base64url')
  return {
    url,
    secret,
    openStore: () => openPostgresStore(parsed.settings),
    variables: { DATABASE_URL: url, COUNTERSIGN_SECRET: secret },
  }
}

function pinThisProcess(cores: string): void {
  execFileSync('taskset', ['-acp', cores, `${process.pid}`], { stdio: 'ignore' })
}
