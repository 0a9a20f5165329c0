import { StoreUnavailableError } from '../foundation/store-failure.ts'
import { type Caller, type GatheredCalls, gatherTurn } from './gather-turn.ts'
import type { Arguments, NamedStatement, PostgresAnswer } from './prepared-query.ts'

/** One takes the server some 5 µs: in the largest packet the last waits a tenth of a millisecond for the others. */
const limit = 16

/**
 * Look-ups of one turn that ask the same, together. When the database fails them it fails all; what is wrong with one of
 * them is found out by asking each alone.
 *
 * @param read carries out all executions or none
 */
export function lookUpTogether(
  read: (statement: NamedStatement, executions: readonly Arguments[]) => Promise<PostgresAnswer[]>,
): GatheredCalls {
  const answer = async (statement: NamedStatement, callers: readonly Caller[]): Promise<void> => {
    try {
      const executions = callers.map(({ values }) => values)
      const answers = await read(statement, executions)
      callers.forEach((caller, index) => caller.resolve(answers[index] as PostgresAnswer))
    } catch (error) {
      const isEverybodys = callers.length === 1 || error instanceof StoreUnavailableError
      for (const caller of callers) {
        if (isEverybodys) caller.reject(error)
        else void answer(statement, [caller])
      }
    }
  }
  return gatherTurn(limit, (statement, callers) => void answer(statement, callers))
}
