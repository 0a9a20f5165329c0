import { StoreUnavailableError } from '../../foundation/store-failure.ts'
import { explainMark, findMark, markNumber } from '../move-mark.ts'
import type { Collections } from './documents.ts'
import { readAppliedInMongodb } from './migrations/migrate.ts'
import { bounded } from './time-limit.ts'

/** How long an instance goes on after it has looked whether its database was moved. */
export const markWatchMs = 3_000

/**
 * Refuses what would be done in a database that was moved away under a running instance: where there are no locks, a move
 * marks its source and waits until every instance must have seen that.
 */
export function watchMark(collections: Collections): () => Promise<void> | undefined {
  let looked = Number.NEGATIVE_INFINITY
  let looking: Promise<void> | undefined
  const look = async (): Promise<void> => {
    const began = performance.now()
    try {
      const found = await collections.migrations.findOne({ _id: markNumber }, bounded)
      if (found !== null) {
        const mark = findMark(await readAppliedInMongodb(collections))
        if (mark) throw new StoreUnavailableError('schema', explainMark(mark))
      }
      looked = began
    } finally {
      looking = undefined
    }
  }
  return () => {
    if (performance.now() - looked < markWatchMs) return undefined
    return (looking ??= look())
  }
}
