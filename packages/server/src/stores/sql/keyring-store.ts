import type { KeyStore } from '../../keys/store.ts'
import type { KeyringRow } from './schema.ts'
import { type SqlDatabase, UniqueViolationError } from './sql-database.ts'
import { compileStatement } from './statement.ts'

const id = 'signing'

const load = compileStatement<{ id: string }, Pick<KeyringRow, 'version' | 'document'>>((db, arg) =>
  db.selectFrom('keyring').select(['version', 'document']).where('id', '=', arg('id')),
)

const insert = compileStatement<{ id: string; document: string }>((db, arg) =>
  db.insertInto('keyring').values({ id: arg('id'), version: 1, document: arg('document') }),
)

const replace = compileStatement<{
  id: string
  seen: number
  version: number
  document: string
}>((db, arg) =>
  db
    .updateTable('keyring')
    .set({ version: arg<number>('version'), document: arg('document') })
    .where('id', '=', arg('id'))
    .where('version', '=', arg<number>('seen')),
)

export function createKeyringStore(database: SqlDatabase): KeyStore {
  return {
    loadKeyring: async () => {
      const row = await database.get(load, { id })
      return row && { version: row.version, document: row.document }
    },
    replaceKeyring: async (seen, document) => {
      if (seen > 0) {
        return (await database.write(replace, { id, seen, version: seen + 1, document })) === 1
      }
      try {
        return (await database.write(insert, { id, document })) === 1
      } catch (error) {
        if (error instanceof UniqueViolationError) return false
        throw error
      }
    },
  }
}
