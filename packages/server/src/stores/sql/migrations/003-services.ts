import type { Migration } from './migration.ts'

export const services: Migration = {
  number: 3,
  name: 'services',
  statements: [
    `CREATE TABLE services (
      id TEXT PRIMARY KEY,
      name TEXT NOT NULL,
      name_key TEXT NOT NULL,
      secret_hash TEXT NOT NULL,
      created_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID`,
    'CREATE UNIQUE INDEX services_by_name_key ON services (name_key)',
  ],
}
