import { tables } from './001-tables.ts'
import { consumed } from './002-consumed.ts'
import { services } from './003-services.ts'
import { waysIn } from './004-ways-in.ts'
import { liveSessions } from './005-live-sessions.ts'
import { keysByHash } from './006-keys-by-hash.ts'
import type { Migration } from './migration.ts'

/** All of them, in order. Expand, then contract: version N and N-1 run side by side on the result. */
export const migrations: readonly Migration[] = [
  tables,
  consumed,
  services,
  waysIn,
  liveSessions,
  keysByHash,
]
