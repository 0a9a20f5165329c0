// Two instances of the real library in this process, each with its own clock, which the store agrees with: so the clocks
// differ as far as they may.

import type { CountersignOptions } from '../../config/options.ts'
import { type Countersign, createCountersign } from '../../create-countersign.ts'
import type { Clock } from '../../foundation/clock.ts'
import { createIdSource } from '../../foundation/ids.ts'
import { systemRandomness } from '../../foundation/randomness.ts'
import { sampleAccount, sampleSession, start } from '../../stores/contract/subject.ts'
import type { Store } from '../../stores/store.ts'
import type { Session } from '../session.ts'
import { type Answer, type Cluster, modelSecret } from './cluster.fixture.ts'

/** An empty database. */
export interface ModelDatabase {
  /** What tells the library to use it. */
  readonly options: CountersignOptions
  openStore(clock: Clock): Promise<Store>
  /**
   * Copies the database; what it returns puts the copy back. Both are called while nobody has it open. Undefined where
   * the database cannot: then the model restores nothing.
   */
  readonly backUp?: () => Promise<() => Promise<void>>
  discard(): Promise<void>
}

const limits = { rateLimitAnonymous: '1000000/1m', rateLimitUser: '1000000/1m' }

export class LibraryCluster implements Cluster {
  now = start
  readonly clockErrorMs = 0
  readonly #database: ModelDatabase
  readonly #skews = [0, 0]
  readonly #instances: Countersign[] = []
  readonly #newId = createIdSource(() => this.now, systemRandomness)

  private constructor(database: ModelDatabase) {
    this.#database = database
  }

  static async open(database: ModelDatabase): Promise<LibraryCluster> {
    const cluster = new LibraryCluster(database)
    await cluster.#openAll()
    return cluster
  }

  get backUp(): Cluster['backUp'] {
    const copy = this.#database.backUp
    return copy && (() => this.#backUp(copy))
  }

  clockOf(instance: number): number {
    return this.now + (this.#skews[instance] ?? 0)
  }

  setSkew(instance: number, ms: number): void {
    this.#skews[instance] = ms
  }

  async pass(ms: number): Promise<void> {
    this.now += ms
  }

  async startSessions(count: number, ageMs: number): Promise<Session[]> {
    const store = await this.#database.openStore(() => this.now)
    try {
      const id = this.#newId()
      await store.insertAccount(sampleAccount({ id }), id)
      const now = this.clockOf(0)
      const times = { rotatedAt: now, createdAt: now - ageMs, lastUsedAt: now }
      const sessions = Array.from({ length: count }, () =>
        sampleSession(id, { ...times, id: this.#newId() }),
      )
      for (const session of sessions) await store.insertSession(session)
      return sessions
    } finally {
      await store.close()
    }
  }

  async refresh(instance: number, refreshToken: string): Promise<Answer> {
    const response = await this.#post(instance, '/api/auth/refresh', { refreshToken })
    const body = (await response.json()) as { refreshToken?: string; code?: string }
    return { status: response.status, code: body.code, token: body.refreshToken }
  }

  async signOut(instance: number, refreshToken: string): Promise<number> {
    return (await this.#post(instance, '/api/auth/logout', { refreshToken })).status
  }

  async restart(instance: number): Promise<void> {
    await this.#instances[instance]?.close()
    this.#instances[instance] = await this.#openOne(instance)
  }

  async close(): Promise<void> {
    await Promise.all(this.#instances.map((instance) => instance.close()))
  }

  async #backUp(copy: () => Promise<() => Promise<void>>): Promise<() => Promise<void>> {
    await this.close()
    const restore = await copy()
    await this.#openAll()
    return async () => {
      await this.close()
      await restore()
      await this.#openAll()
    }
  }

  async #openAll(): Promise<void> {
    for (const instance of [0, 1]) this.#instances[instance] = await this.#openOne(instance)
  }

  #openOne(instance: number): Promise<Countersign> {
    // The store agrees with each, so that the difference of their clocks is not corrected.
    const clock = (): number => this.clockOf(instance)
    const hooks = { clock, storeTime: clock }
    return createCountersign({
      ...this.#database.options,
      ...limits,
      secret: modelSecret,
      ...hooks,
    })
  }

  async #post(instance: number, path: string, body: object): Promise<Response> {
    const countersign = this.#instances[instance]
    if (countersign === undefined) throw new Error(`There is no instance ${instance}`)
    return countersign.fetch(
      new Request(`http://localhost:3000${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
      { remoteAddress: '127.0.0.1' },
    )
  }
}
