import type { Arguments, NamedStatement, PostgresAnswer } from './prepared-query.ts'

/** Somebody who waits for one execution of a statement. */
export interface Caller {
  readonly values: Arguments
  resolve(answer: PostgresAnswer): void
  reject(error: unknown): void
}

export interface GatheredCalls {
  call(statement: NamedStatement, values: Arguments): Promise<PostgresAnswer>
  /** Sends what waits, now. */
  flush(): void
}

/**
 * Calls of one turn of the event loop that ask for the same statement are sent together, at most `limit` of them. Callers
 * of one statement wait equally long; none waits behind a slower one.
 */
export function gatherTurn(
  limit: number,
  send: (statement: NamedStatement, callers: readonly Caller[]) => void,
): GatheredCalls {
  let gathered = new Map<string, { statement: NamedStatement; callers: Caller[] }>()
  const flush = (): void => {
    const groups = gathered
    gathered = new Map()
    for (const { statement, callers } of groups.values()) {
      for (const share of inEqualShares(callers, limit)) send(statement, share)
    }
  }
  return {
    call: (statement, values) =>
      new Promise((resolve, reject) => {
        if (gathered.size === 0) setImmediate(flush)
        const caller = { values, resolve, reject }
        const group = gathered.get(statement.name)
        if (group) group.callers.push(caller)
        else gathered.set(statement.name, { statement, callers: [caller] })
      }),
    flush,
  }
}

function inEqualShares<T>(items: readonly T[], limit: number): T[][] {
  const count = Math.ceil(items.length / limit)
  const size = Math.ceil(items.length / count)
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size))
}
