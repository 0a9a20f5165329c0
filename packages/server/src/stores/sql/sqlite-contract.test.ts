import { rmSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describeStoreContract } from '../../store-contract.ts'
import { openSqliteStore } from './open-sqlite-store.ts'

describeStoreContract('SQLite', async (clock) => {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-contract-'))
  const file = join(directory, 'countersign.db')
  const store = await openSqliteStore({ file, clock })
  const own = new DatabaseSync(file, { timeout: 5_000 })
  const tables = [
    'users',
    'sessions',
    'keyring',
    'attempts',
    'consumed',
    'services',
    'leases',
    'factors',
    'challenges',
    'mails',
    'audit_events',
  ]
  return {
    store,
    openAnother: () => openSqliteStore({ file, clock }),
    reset: async () => own.exec(tables.map((table) => `DELETE FROM ${table};`).join('')),
    close: async () => {
      own.close()
      await store.close()
      rmSync(directory, { recursive: true })
    },
  }
})
