import type { Migration } from './migration.ts'

// What an instance of the version before leaves out has a default, and the unique index does not see its tombstones,
// which keep the address that it does not know.
export const waysIn: Migration = {
  number: 4,
  name: 'ways in',
  statements: [
    'ALTER TABLE users ADD COLUMN verified_email_key TEXT',
    'ALTER TABLE users ADD COLUMN factor_epoch INTEGER NOT NULL DEFAULT 0',
    `CREATE UNIQUE INDEX users_by_verified_email_key ON users (verified_email_key)
      WHERE deleted_at IS NULL`,
    'ALTER TABLE sessions ADD COLUMN amr TEXT',
    'ALTER TABLE sessions ADD COLUMN authenticated_at INTEGER',
    `CREATE TABLE factors (
      id TEXT PRIMARY KEY,
      user_id TEXT NOT NULL,
      kind TEXT NOT NULL,
      name TEXT NOT NULL,
      epoch INTEGER NOT NULL,
      external_id TEXT,
      secret TEXT NOT NULL,
      counter INTEGER NOT NULL,
      created_at INTEGER NOT NULL,
      last_used_at INTEGER
    ) STRICT, WITHOUT ROWID`,
    'CREATE INDEX factors_by_user_id ON factors (user_id, id)',
    'CREATE UNIQUE INDEX factors_by_external_id ON factors (external_id)',
    `CREATE TABLE challenges (
      kind TEXT NOT NULL,
      id TEXT NOT NULL,
      subject TEXT,
      payload TEXT NOT NULL,
      attempts INTEGER NOT NULL,
      expires_at INTEGER NOT NULL,
      PRIMARY KEY (kind, id)
    ) STRICT, WITHOUT ROWID`,
    'CREATE INDEX challenges_by_expires_at ON challenges (expires_at)',
    `CREATE TABLE mails (
      id TEXT PRIMARY KEY,
      kind TEXT NOT NULL,
      payload TEXT NOT NULL,
      attempts INTEGER NOT NULL,
      due_at INTEGER NOT NULL,
      created_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID`,
    'CREATE INDEX mails_by_due_at ON mails (due_at)',
  ],
}
