import { DatabaseSync, type StatementSync } from 'node:sqlite'

/** `wal`: write-ahead log and an fsync for each commit, as Countersign has it. `as-opened`: nothing is set. */
export type Journal = 'wal' | 'as-opened'

export interface User {
  readonly id: number
  readonly username: string
  readonly password: string
  readonly role: string
  readonly createdAt: string
}

export interface Database {
  readonly insertUser: StatementSync
  readonly findUser: StatementSync
  readonly findUserByName: StatementSync
  readonly insertToken: StatementSync
  readonly findToken: StatementSync
  readonly deleteToken: StatementSync
  close(): void
}

export function openDatabase(file: string, journal: Journal): Database {
  const database = new DatabaseSync(file)
  if (journal === 'wal') {
    database.exec('PRAGMA journal_mode = WAL')
    database.exec('PRAGMA synchronous = FULL')
  }
  database.exec(`CREATE TABLE IF NOT EXISTS users (
    id INTEGER PRIMARY KEY, username TEXT UNIQUE NOT NULL, password TEXT NOT NULL, role TEXT NOT NULL,
    createdAt TEXT NOT NULL)`)
  database.exec(`CREATE TABLE IF NOT EXISTS refresh_tokens (
    id INTEGER PRIMARY KEY, token TEXT UNIQUE NOT NULL, userId INTEGER NOT NULL, createdAt TEXT NOT NULL)`)
  return {
    insertUser: database.prepare(
      'INSERT INTO users (username, password, role, createdAt) VALUES (?, ?, ?, ?)',
    ),
    findUser: database.prepare('SELECT * FROM users WHERE id = ?'),
    findUserByName: database.prepare('SELECT * FROM users WHERE username = ?'),
    insertToken: database.prepare(
      'INSERT INTO refresh_tokens (token, userId, createdAt) VALUES (?, ?, ?)',
    ),
    findToken: database.prepare('SELECT * FROM refresh_tokens WHERE token = ?'),
    deleteToken: database.prepare('DELETE FROM refresh_tokens WHERE id = ?'),
    close: () => database.close(),
  }
}
