import type { DatabaseSync } from 'node:sqlite'
import { explainSqliteFailure } from './sqlite-failure.ts'

interface Read {
  readonly run: () => unknown
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

export interface GroupRead {
  /** Runs a query together with the others of this turn of the event loop. */
  read<T>(run: () => T): Promise<T>
  /** Runs what waits, now. */
  flush(): void
}

/**
 * Queries that are asked for in one turn of the event loop share one read transaction, because SQLite's locks cost more
 * than a look-up by key. The transaction begins after all of them were asked for, so each sees whatever was committed
 * before that, by whichever process: as fresh as it would be alone.
 */
export function createGroupRead(database: DatabaseSync): GroupRead {
  let queue: Read[] = []
  const flush = (): void => {
    const batch = queue
    queue = []
    try {
      if (batch.length > 1) runTogether(database, batch)
      else batch.forEach(runAlone)
    } catch (error) {
      const failure = explainSqliteFailure(error)
      // Those that have their answer keep it.
      for (const read of batch) read.reject(failure)
    }
  }
  return {
    read: <T>(run: () => T) =>
      new Promise<T>((resolve, reject) => {
        const waiting = queue.push({ run, resolve: resolve as Read['resolve'], reject })
        if (waiting === 1) setImmediate(flush)
      }),
    flush,
  }
}

function runTogether(database: DatabaseSync, batch: readonly Read[]): void {
  database.exec('BEGIN')
  try {
    batch.forEach(runAlone)
  } finally {
    // A fault of the disk has ended it already. It only read, and to roll back needs no disk: a COMMIT that failed would
    // leave the transaction open, and every write after it would find it in its way.
    if (database.isTransaction) database.exec('ROLLBACK')
  }
}

function runAlone({ run, resolve, reject }: Read): void {
  try {
    resolve(run())
  } catch (error) {
    reject(explainSqliteFailure(error))
  }
}
