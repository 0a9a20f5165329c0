/** As COUNTERSIGN_REQUIRE_STORES calls them. */
export type RequiredStore =
  | 'sqlite'
  | 'postgres'
  | 'nx-27017'
  | 'mongo-java-server'
  | 'mongodb'
  | 'redis'
  | 'pgbouncer'

/**
 * Stores that must be covered: without a server their tests fail instead of being skipped. COUNTERSIGN_REQUIRE_STORES is
 * a list with commas, such as `sqlite,postgres`.
 */
export function isStoreRequired(store: RequiredStore): boolean {
  const listed = process.env['COUNTERSIGN_REQUIRE_STORES'] ?? ''
  return listed.split(',').some((name) => name.trim() === store)
}
