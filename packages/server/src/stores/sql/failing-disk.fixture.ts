// A disk that fails: statements of node:sqlite throw what SQLite throws when it cannot read or write, so that everything
// above is the real code.

import { DatabaseSync, StatementSync } from 'node:sqlite'
import type { TestContext } from 'node:test'

export interface FailingDisk {
  /** How many statements were asked for since the last call of one of the others. */
  count(): number
  /** From now on every statement fails. */
  failAll(): void
  /** From now on the statement with this number fails, counted from 1, and all after it until it is mended. */
  failFrom(number: number): void
  mend(): void
}

export function createFailingDisk(t: TestContext): FailingDisk {
  let statements = 0
  let failsFrom = Number.POSITIVE_INFINITY
  const check = (): void => {
    if (++statements >= failsFrom) throw ioError()
  }
  for (const name of ['get', 'all', 'run'] as const) {
    const real = StatementSync.prototype[name]
    t.mock.method(
      StatementSync.prototype,
      name,
      function (this: StatementSync, ...values: never[]) {
        check()
        return Reflect.apply(real, this, values)
      },
    )
  }
  const exec = DatabaseSync.prototype['exec']
  t.mock.method(DatabaseSync.prototype, 'exec', function (this: DatabaseSync, sql: string) {
    // To roll back needs no disk.
    if (sql !== 'ROLLBACK') check()
    Reflect.apply(exec, this, [sql])
  })
  const reset = (from: number): void => {
    statements = 0
    failsFrom = from
  }
  return {
    count: () => statements,
    failAll: () => reset(1),
    failFrom: reset,
    mend: () => reset(Number.POSITIVE_INFINITY),
  }
}

function ioError(): Error {
  const facts = { code: 'ERR_SQLITE_ERROR', errcode: 10, errstr: 'disk I/O error' }
  return Object.assign(new Error('disk I/O error'), facts)
}
