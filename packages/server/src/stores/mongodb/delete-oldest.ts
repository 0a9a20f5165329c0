import type { Collection, Filter, Sort } from 'mongodb'
import { bounded } from './time-limit.ts'

/** Deletes up to so many, the first by this order. What no longer matches when its turn comes is left alone. */
export async function deleteOldest<T extends { readonly _id: string }>(
  collection: Collection<T>,
  filter: Filter<T>,
  order: Sort,
  limit: number,
): Promise<number> {
  const options = { ...bounded, projection: { _id: 1 } }
  const found = await collection.find(filter, options).sort(order).limit(limit).toArray()
  if (found.length === 0) return 0
  const oldest = { ...filter, _id: { $in: found.map(({ _id }) => _id) } } as Filter<T>
  return (await collection.deleteMany(oldest, bounded)).deletedCount
}
