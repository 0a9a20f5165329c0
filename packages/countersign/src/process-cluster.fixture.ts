// Two processes of the program on one PostgreSQL database, as the model of the three-step rule drives them. The time of
// a process cannot be told to it; so the model's time passes by setting back the times that the database holds, which is
// the same to a rule that knows only differences. The clocks of the two machines differ, and the processes have to find
// out that the database's rules.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { pathToFileURL } from 'node:url'
import { Client } from 'pg'
import type { PostgresServer, TestSchema } from '../../../tools/postgres.fixture.ts'
import { until } from '../../../tools/until.ts'
import { createIdSource } from '../../server/src/foundation/ids.ts'
import { systemRandomness } from '../../server/src/foundation/randomness.ts'
import {
  type Answer,
  type Cluster,
  modelSecret,
} from '../../server/src/sessions/model/cluster.fixture.ts'
import type { Session } from '../../server/src/sessions/session.ts'
import { sampleAccount, sampleSession } from '../../server/src/stores/contract/subject.ts'
import { openPostgresStore } from '../../server/src/stores/sql/open-postgres-store.ts'
import { settingsOf } from '../../server/src/stores/sql/postgres.fixture.ts'
import type { Store } from '../../server/src/stores/store.ts'
import { generousLimits } from './caller.fixture.ts'
import type { Program, RunningServer } from './program.fixture.ts'

const skewedClock = pathToFileURL(`${import.meta.dirname}/skewed-clock.fixture.ts`).href

interface Instance {
  readonly server: RunningServer
  /** As the database knows its connections. */
  readonly name: string
}

interface Parts {
  readonly program: Program
  readonly schema: TestSchema
  readonly store: Store
  readonly client: Client
}

export class ProcessCluster implements Cluster {
  // One process believes that it is ten seconds later than the other does: no instance that is further out is ready.
  readonly #skews = [4_500, -4_500]
  readonly #instances: Instance[] = []
  readonly #parts: Parts
  /** How far the model's time is ahead of the database's. */
  #passedMs = 0
  #starts = 0
  #backups = 0
  #unanswered = 0
  /** Of the history that is lived through. */
  #sessionIds: readonly string[] = []
  readonly #newId = createIdSource(Date.now, systemRandomness)

  /** What a process takes for the database's time is off by as long as it waited to hear it. */
  readonly clockErrorMs = 500

  private constructor(parts: Parts) {
    this.#parts = parts
  }

  static async open(program: Program, server: PostgresServer): Promise<ProcessCluster> {
    const schema = server.newSchema()
    const store = await openPostgresStore(settingsOf(schema.url))
    const client = await schema.connect()
    const cluster = new ProcessCluster({ program, schema, store, client })
    await Promise.all([cluster.#start(0), cluster.#start(1)])
    return cluster
  }

  get now(): number {
    return Date.now() + this.#passedMs
  }

  /** What happened besides refreshes, for people. */
  get happened(): string {
    return `${this.#starts} starts of a process, ${this.#unanswered} requests that a kill left unanswered`
  }

  /** Every instance goes by the database's clock, which is this machine's. */
  clockOf(): number {
    return this.now
  }

  /** From its next start. */
  setSkew(instance: number, ms: number): void {
    this.#skews[instance] = (instance === 0 ? 1 : -1) * Math.min(ms, 4_500)
  }

  async pass(ms: number): Promise<void> {
    this.#passedMs += ms
    await this.#setBack(ms)
  }

  async startSessions(count: number, ageMs: number): Promise<Session[]> {
    const { store } = this.#parts
    const id = this.#newId()
    await store.insertAccount(sampleAccount({ id }), id)
    const { now } = this
    const times = { rotatedAt: now, createdAt: now - ageMs, lastUsedAt: now }
    const sessions = Array.from({ length: count }, () =>
      sampleSession(id, { ...times, id: this.#newId() }),
    )
    for (const session of sessions) await store.insertSession(session)
    this.#sessionIds = sessions.map((session) => session.id)
    await this.#setBack(this.#passedMs)
    return sessions
  }

  async refresh(instance: number, refreshToken: string): Promise<Answer | undefined> {
    const response = await this.#post(instance, '/api/auth/refresh', { refreshToken })
    if (response === undefined) return undefined
    const { status, body } = response
    return { status, code: body.code, token: body.refreshToken }
  }

  async signOut(instance: number, refreshToken: string): Promise<number> {
    const response = await this.#post(instance, '/api/auth/logout', { refreshToken })
    return response?.status ?? 0
  }

  async restart(instance: number): Promise<void> {
    await this.kill(instance)
    await this.#start(instance)
  }

  async kill(instance: number): Promise<void> {
    const { server, name } = this.#of(instance)
    if (server.child.exitCode === null && server.child.signalCode === null) {
      const closed = once(server.child, 'close')
      server.child.kill('SIGKILL')
      await closed
    }
    // What it had sent is carried out by its connections' processes, which end when they have seen that it is gone.
    const text = 'SELECT 1 FROM pg_stat_activity WHERE application_name = $1'
    await until(
      async () => (await this.#parts.client.query(text, [name])).rowCount === 0,
      'its connections to end',
      60_000,
    )
  }

  /** As when a failover loses what happened last: under the eyes of running processes. */
  async backUp(): Promise<() => Promise<void>> {
    const { client } = this.#parts
    const copy = `backup_${this.#backups++}`
    const ids = this.#sessionIds
    const passedMs = this.#passedMs
    await client.query(`CREATE TABLE ${copy} AS TABLE sessions`)
    return async () => {
      await client.query('BEGIN')
      await client.query('DELETE FROM sessions WHERE id = ANY ($1)', [ids])
      await client.query(`INSERT INTO sessions SELECT * FROM ${copy} WHERE id = ANY ($1)`, [ids])
      await this.#setBack(this.#passedMs - passedMs)
      await client.query('COMMIT')
    }
  }

  async close(): Promise<void> {
    const { store, client, schema } = this.#parts
    await Promise.all(this.#instances.map(({ server }) => server.stop('SIGKILL')))
    await store.close()
    await client.end()
    await schema.drop()
  }

  async #start(instance: number): Promise<void> {
    const name = `instance ${instance}, start ${this.#starts++}`
    const server = await this.#parts.program.start({
      ...generousLimits,
      DATABASE_URL: `${this.#parts.schema.url}&${new URLSearchParams({ application_name: name })}`,
      COUNTERSIGN_SECRET: modelSecret,
      JWT_ISSUER: 'https://auth.example.com',
      LOG_LEVEL: 'warn',
      NODE_OPTIONS: `--import=${skewedClock}`,
      CLOCK_SKEW_MS: `${this.#skews[instance] ?? 0}`,
    })
    this.#instances[instance] = { server, name }
  }

  async #setBack(ms: number): Promise<void> {
    await this.#parts.client.query(
      `UPDATE sessions SET rotated_at = rotated_at - $2, created_at = created_at - $2,
         last_used_at = last_used_at - $2, ended_at = ended_at - $2 WHERE id = ANY ($1)`,
      [this.#sessionIds, ms],
    )
  }

  #of(instance: number): Instance {
    const found = this.#instances[instance]
    assert.ok(found, `There is no instance ${instance}`)
    return found
  }

  /** Undefined when the process ended before it answered. */
  async #post(instance: number, path: string, body: object) {
    const { server } = this.#of(instance)
    try {
      const response = await fetch(server.url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      const text = await response.text()
      const answered: { code?: string; refreshToken?: string } = text === '' ? {} : JSON.parse(text)
      return { status: response.status, body: answered }
    } catch (error) {
      assert.ok(
        server.child.killed,
        `Only a process that was killed gives no answer: ${String(error)}`,
      )
      this.#unanswered++
      return undefined
    }
  }
}
