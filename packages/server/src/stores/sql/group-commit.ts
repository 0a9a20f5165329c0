import type { DatabaseSync } from 'node:sqlite'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { StoreUnavailableError } from '../../foundation/store-failure.ts'
import type { Outlives } from './sql-database.ts'
import { explainSqliteFailure, isBusy, isFatalToTransaction } from './sqlite-failure.ts'

interface Write {
  readonly run: () => unknown
  readonly outlives: Outlives
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

type Outcome = { readonly value: unknown } | { readonly error: unknown }

export interface GroupCommit {
  /** Runs a statement in the next transaction. Settles after its commit, and after the sync that follows when it has to. */
  write<T>(run: () => T, outlives?: Outlives): Promise<T>
  /** Settles when everything that was accepted is committed or refused. */
  drain(): Promise<void>
}

const batchLimit = 512

/**
 * Writes that are asked for in two turns of the event loop, or while the disk is busy, share one transaction and one
 * `sync`, which makes it durable. Two, because in the first the requests that have come are read, and in the second they
 * have looked up what they need and ask for their writes. So a sync serves more of them where there are many, and nobody
 * waits for whom is not there yet. A statement that fails is rejected alone; a
 * transaction that fails takes all of its statements with it and none is half done. A lock that another process holds is
 * waited for, up to `patienceMs` and without blocking the loop. When a sync fails, everything is refused from then on:
 * what was committed may be lost, and so may whatever is written behind it.
 */
export function createGroupCommit(
  database: DatabaseSync,
  patienceMs: number,
  sync: () => Promise<void>,
): GroupCommit {
  let queue: Write[] = []
  let isScheduled = false
  let idle: Promise<void> = Promise.resolve()
  let lostSync: StoreUnavailableError | undefined

  const carryOut = async (batch: readonly Write[]): Promise<void> => {
    try {
      if (lostSync !== undefined) throw lostSync
      const outcomes = await commitWithPatience(database, batch, patienceMs)
      const settleThat = (outlives: Outlives): void =>
        batch.forEach((write, index) => {
          if (write.outlives === outlives) settle(write, outcomes[index])
        })
      settleThat('crash')
      if (batch.every(({ outlives }) => outlives === 'crash')) return
      await sync().catch((cause: unknown) => {
        lostSync = explainLostSync(cause)
        throw lostSync
      })
      settleThat('power_cut')
    } catch (error) {
      const failure = explainSqliteFailure(error)
      for (const write of batch) write.reject(failure)
    }
  }
  const flush = async (): Promise<void> => {
    do {
      await nextTurn()
      await nextTurn()
      const batch = queue.slice(0, batchLimit)
      queue = queue.slice(batchLimit)
      await carryOut(batch)
    } while (queue.length > 0)
    isScheduled = false
  }
  const schedule = (): void => {
    if (isScheduled) return
    isScheduled = true
    idle = flush()
  }
  return {
    write: <T>(run: () => T, outlives: Outlives = 'power_cut') =>
      new Promise<T>((resolve, reject) => {
        queue.push({ run, outlives, resolve: resolve as Write['resolve'], reject })
        schedule()
      }),
    drain: async () => {
      while (isScheduled) await idle
    },
  }
}

// The kernel forgets what it could not write, so that the next sync would succeed and prove nothing.
function explainLostSync(cause: unknown): StoreUnavailableError {
  const message =
    'The disk did not keep a change of the database: look at the disk, then start the server again.'
  return new StoreUnavailableError('unreachable', message, { cause })
}

async function commitWithPatience(
  database: DatabaseSync,
  batch: readonly Write[],
  patienceMs: number,
): Promise<Outcome[]> {
  const started = performance.now()
  for (;;) {
    try {
      return commit(database, batch)
    } catch (error) {
      if (!isBusy(error) || performance.now() - started > patienceMs) throw error
      await sleep(5 + Math.random() * 20)
    }
  }
}

function commit(database: DatabaseSync, batch: readonly Write[]): Outcome[] {
  database.exec('BEGIN IMMEDIATE')
  try {
    const outcomes = batch.map(runAlone)
    database.exec('COMMIT')
    return outcomes
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

// SQLite undoes a failed statement by itself and keeps the transaction, except after faults of the disk.
function runAlone(write: Write): Outcome {
  try {
    return { value: write.run() }
  } catch (error) {
    if (isFatalToTransaction(error)) throw error
    return { error: explainSqliteFailure(error) }
  }
}

function settle(write: Write, outcome: Outcome | undefined): void {
  if (outcome === undefined) {
    write.reject(new StoreUnavailableError('closed', 'The write was not carried out'))
  } else if ('error' in outcome) {
    write.reject(outcome.error)
  } else {
    write.resolve(outcome.value)
  }
}
