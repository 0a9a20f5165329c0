import type { Migration } from './migration.ts'

// Among a million rows a look-up waits for the memory that it reads: an index by hash is one page, where the one of the
// primary key is read from its root to a leaf. SQLite has no such index. Log-ins and registrations, which pay for the
// entries, hash a password first.
export const keysByHash: Migration = {
  number: 6,
  name: 'keys by hash',
  statements: [],
  postgresStatements: [
    'CREATE INDEX users_by_id ON users USING hash (id)',
    'CREATE INDEX sessions_by_id ON sessions USING hash (id)',
  ],
}
