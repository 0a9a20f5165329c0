import type { Migration } from './migration.ts'

export const consumed: Migration = {
  number: 2,
  name: 'consumed',
  statements: [
    `CREATE TABLE consumed (
      kind TEXT NOT NULL,
      id TEXT NOT NULL,
      expires_at INTEGER NOT NULL,
      PRIMARY KEY (kind, id)
    ) STRICT, WITHOUT ROWID`,
    'CREATE INDEX consumed_by_expires_at ON consumed (expires_at)',
  ],
}
