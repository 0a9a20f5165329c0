import type { Migration } from './migration.ts'

// Times are milliseconds since the epoch. A deleted user stays as a tombstone: no name, no address, no hash.
export const tables: Migration = {
  number: 1,
  name: 'tables',
  statements: [
    `CREATE TABLE users (
      id TEXT PRIMARY KEY,
      username TEXT,
      username_key TEXT,
      email TEXT,
      password_hash TEXT NOT NULL,
      role TEXT NOT NULL,
      disabled INTEGER NOT NULL,
      session_epoch INTEGER NOT NULL,
      token_epoch INTEGER NOT NULL,
      epochs_raised_at INTEGER,
      created_at INTEGER NOT NULL,
      updated_at INTEGER NOT NULL,
      deleted_at INTEGER
    ) STRICT, WITHOUT ROWID`,
    'CREATE UNIQUE INDEX users_by_username_key ON users (username_key)',
    'CREATE INDEX users_by_role ON users (role) WHERE deleted_at IS NULL',
    `CREATE INDEX users_by_epochs_raised_at ON users (epochs_raised_at)
      WHERE epochs_raised_at IS NOT NULL`,
    `CREATE TABLE sessions (
      id TEXT PRIMARY KEY,
      user_id TEXT NOT NULL,
      salt BLOB NOT NULL,
      generation INTEGER NOT NULL,
      parent INTEGER,
      rotated_at INTEGER NOT NULL,
      created_at INTEGER NOT NULL,
      last_used_at INTEGER NOT NULL,
      ended_at INTEGER,
      end_reason TEXT,
      epoch INTEGER NOT NULL,
      user_agent TEXT,
      ip TEXT
    ) STRICT, WITHOUT ROWID`,
    'CREATE INDEX sessions_by_user_id ON sessions (user_id, id)',
    'CREATE INDEX sessions_by_ended_at ON sessions (ended_at) WHERE ended_at IS NOT NULL',
    `CREATE TABLE keyring (
      id TEXT PRIMARY KEY,
      version INTEGER NOT NULL,
      document TEXT NOT NULL
    ) STRICT`,
    `CREATE TABLE attempts (
      key TEXT PRIMARY KEY,
      count INTEGER NOT NULL,
      resets_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID`,
    'CREATE INDEX attempts_by_resets_at ON attempts (resets_at)',
    `CREATE TABLE leases (
      name TEXT PRIMARY KEY,
      holder TEXT NOT NULL,
      expires_at INTEGER NOT NULL
    ) STRICT`,
    `CREATE TABLE audit_events (
      id TEXT PRIMARY KEY,
      at INTEGER NOT NULL,
      type TEXT NOT NULL,
      actor_id TEXT,
      subject_id TEXT,
      session_id TEXT,
      ip TEXT,
      user_agent TEXT,
      request_id TEXT,
      detail TEXT NOT NULL
    ) STRICT, WITHOUT ROWID`,
    `CREATE INDEX audit_events_by_subject_id ON audit_events (subject_id, id)
      WHERE subject_id IS NOT NULL`,
  ],
  postgresStatements: [
    // Room in each page, so that an update stays in it and touches no index (heap-only tuples).
    'ALTER TABLE users SET (fillfactor = 85)',
    'ALTER TABLE sessions SET (fillfactor = 70)',
    'ALTER TABLE attempts SET (fillfactor = 70)',
  ],
}
