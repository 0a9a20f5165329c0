import type { Arguments, NamedStatement, PostgresAnswer } from './prepared-query.ts'

/** One execution of a prepared statement. */
export interface PostgresQuery extends NamedStatement {
  readonly values?: Arguments
}

/** Somebody who waits for one. */
export interface Caller {
  readonly values: Arguments
  /** Of the row that it is about. */
  readonly key: string
  resolve(answer: PostgresAnswer): void
  reject(error: unknown): void
}

export type GatheredCall = (query: PostgresQuery, key?: string) => Promise<PostgresAnswer>

/**
 * Calls of one turn of the event loop that ask for the same statement are sent together, at most `limit` of them. Callers
 * of one statement wait equally long; none waits behind a slower one.
 */
export function gatherTurn(
  limit: number,
  send: (statement: NamedStatement, callers: readonly Caller[]) => void,
): GatheredCall {
  let gathered = new Map<string, { statement: NamedStatement; callers: Caller[] }>()
  const flush = (): void => {
    const groups = gathered
    gathered = new Map()
    for (const { statement, callers } of groups.values()) {
      for (const share of inEqualShares(callers, limit)) send(statement, share)
    }
  }
  return (query, key = '') =>
    new Promise((resolve, reject) => {
      if (gathered.size === 0) setImmediate(flush)
      const caller = { values: query.values ?? [], key, resolve, reject }
      const group = gathered.get(query.name)
      if (group) group.callers.push(caller)
      else gathered.set(query.name, { statement: query, callers: [caller] })
    })
}

function inEqualShares<T>(items: readonly T[], limit: number): T[][] {
  const count = Math.ceil(items.length / limit)
  const size = Math.ceil(items.length / count)
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size))
}
