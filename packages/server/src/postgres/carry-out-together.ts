import { StoreUnavailableError } from '../foundation/store-failure.ts'
import { type Caller, type GatheredCall, gatherTurn } from './gather-turn.ts'
import type { Arguments, NamedStatement, PostgresAnswer } from './prepared-query.ts'

/** A look-up takes the server some 5 µs, so the last of so many waits a tenth of a millisecond for the others. */
const limit = 16

/**
 * Statements that are asked for in one turn of the event loop go to the server in one packet and share a transaction: a
 * packet to a process of the server costs many times what a look-up does, and so does the sync of its disk, which a
 * transaction waits for. They are carried out in the order of their keys, so that those of two instances that change the
 * same rows never wait for each other in a circle.
 *
 * What the server undid has not happened, and each of them is tried again alone: what is wrong with one, or the lock that
 * it waits for in vain, is no matter of the others. When the database fails, it fails all of them.
 *
 * @param run carries out all executions or none
 */
export function carryOutTogether(
  run: (statement: NamedStatement, executions: readonly Arguments[]) => Promise<PostgresAnswer[]>,
): GatheredCall {
  const carryOut = async (statement: NamedStatement, callers: readonly Caller[]): Promise<void> => {
    try {
      const executions = callers.map(({ values }) => values)
      const answers = await run(statement, executions)
      callers.forEach((caller, index) => caller.resolve(answers[index] as PostgresAnswer))
    } catch (error) {
      const isOver = callers.length === 1 || isEverybodys(error)
      for (const caller of callers) {
        if (isOver) caller.reject(error)
        else void carryOut(statement, [caller])
      }
    }
  }
  return gatherTurn(limit, (statement, callers) => {
    void carryOut(statement, callers.toSorted(byKey))
  })
}

function byKey(a: Caller, b: Caller): number {
  if (a.key === b.key) return 0
  return a.key < b.key ? -1 : 1
}

/** Everything else the server refused and undid. */
function isEverybodys(error: unknown): boolean {
  return error instanceof StoreUnavailableError && error.reason !== 'locked'
}
