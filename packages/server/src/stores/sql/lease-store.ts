import { sql } from 'kysely'
import type { LeaseStore } from '../../leases/store.ts'
import type { LeaseRow } from './schema.ts'
import type { SqlDatabase } from './sql-database.ts'
import { compileStatement } from './statement.ts'

const acquire = compileStatement<LeaseRow & { now: number }>((db, arg) =>
  db
    .insertInto('leases')
    .values({ name: arg('name'), holder: arg('holder'), expires_at: arg<number>('expires_at') })
    .onConflict((conflict) =>
      conflict
        .column('name')
        .doUpdateSet({ holder: arg('holder'), expires_at: arg<number>('expires_at') })
        .where(
          sql<boolean>`leases.expires_at <= ${arg('now')} OR leases.holder = ${arg('holder')}`,
        ),
    ),
)

const release = compileStatement<{ name: string; holder: string }>((db, arg) =>
  db.deleteFrom('leases').where('name', '=', arg('name')).where('holder', '=', arg('holder')),
)

export function createLeaseStore(database: SqlDatabase): LeaseStore {
  return {
    acquireLease: async (name, holder, expiresAt, now) => {
      const values = { name, holder, expires_at: expiresAt, now }
      return (await database.write(acquire, values)) === 1
    },
    releaseLease: async (name, holder) => {
      await database.write(release, { name, holder })
    },
  }
}
