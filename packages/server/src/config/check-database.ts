import { randomBytes } from 'node:crypto'
import { resolve } from 'node:path'
import { parsePostgresUrl } from './parse-postgres-url.ts'
import type { OptionReader } from './read-option.ts'
import type { DatabaseSettings, SqliteSettings } from './settings.ts'

const embedded: SqliteSettings = { kind: 'sqlite', file: resolve('data/countersign.db') }

/** The database by the scheme of its URL. A mistake stops the start: the embedded database never steps in. */
export function checkDatabase(
  reader: OptionReader,
  production: boolean,
): { database: DatabaseSettings; migratesOnStart: boolean } {
  if (reader.text('mongodbUri') !== undefined) {
    reader.refuse(
      'mongodbUri',
      'This version cannot store in MongoDB yet. Unset it and set DATABASE_URL=sqlite:<file> or postgres://…',
    )
  }
  const migratesOnStart = reader.choice('migrateOnStart', ['on', 'off'], 'on') === 'on'
  return { database: readDatabase(reader, production), migratesOnStart }
}

function readDatabase(reader: OptionReader, production: boolean): DatabaseSettings {
  const url = reader.text('databaseUrl')
  if (url === undefined) return { kind: 'sqlite', file: resolve('data/countersign.db') }
  if (/^postgres(ql)?:/.test(url)) {
    const parsed = parsePostgresUrl(url)
    if (parsed.ok) return parsed.settings
    for (const mistake of parsed.mistakes) reader.refuse('databaseUrl', mistake)
    return embedded
  }
  const path = /^sqlite:(.+)$/.exec(url)?.[1]
  if (path === undefined) {
    const scheme = /^[a-z+]+:/i.exec(url)?.[0] ?? 'this URL'
    reader.refuse(
      'databaseUrl',
      `This version does not know ${scheme}. Write sqlite:<file>, or postgres://<user>:<password>@<host>/<database>.`,
    )
    return embedded
  }
  if (path === ':memory:') {
    if (production) {
      reader.refuse(
        'databaseUrl',
        'In memory every account is lost at the end: write sqlite:<file>.',
      )
    }
    return { kind: 'sqlite', file: path }
  }
  return { kind: 'sqlite', file: resolve(path.replace(/^\/\/(?=\/)/, '')) }
}

/** What instances on one database have to share, and an embedded database keeps beside its file. */
export function checkShared(
  reader: OptionReader,
  production: boolean,
  { database, secrets }: { database: DatabaseSettings; secrets: readonly string[] },
): void {
  if (database.kind === 'sqlite') return
  if (secrets.length === 0) {
    reader.refuse(
      'secret',
      'Every instance on this database needs the same master secret. Keep it safe and set ' +
        `COUNTERSIGN_SECRET=${randomBytes(32).toString('base64url')}`,
    )
  }
  const isNamed = [reader.text('jwtIssuer'), reader.text('publicUrl')].some(Boolean)
  if (production && !isNamed) {
    reader.refuse(
      'jwtIssuer',
      'Instances on one database accept each other’s tokens by their issuer: set PUBLIC_URL to where clients reach ' +
        'them, or JWT_ISSUER.',
    )
  }
}
