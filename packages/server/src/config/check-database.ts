import { randomBytes } from 'node:crypto'
import { resolve } from 'node:path'
import { findUnsafeOptions, parseMongodbUrl } from './mongodb-url.ts'
import type { OptionName } from './options.ts'
import { parsePostgresUrl } from './parse-postgres-url.ts'
import { OptionReader } from './read-option.ts'
import type { DatabaseSettings, MongodbSettings, SqliteSettings } from './settings.ts'

const embedded: SqliteSettings = { kind: 'sqlite', file: resolve('data/countersign.db') }

/** The database by the scheme of its URL. A mistake stops the start: the embedded database never steps in. */
export function checkDatabase(
  reader: OptionReader,
  production: boolean,
): { database: DatabaseSettings; migratesOnStart: boolean } {
  const migratesOnStart = reader.choice('migrateOnStart', ['on', 'off'], 'on') === 'on'
  return { database: readDatabase(reader, production), migratesOnStart }
}

function readDatabase(reader: OptionReader, production: boolean): DatabaseSettings {
  const url = reader.text('databaseUrl')
  const mongodbUri = reader.text('mongodbUri')
  if (mongodbUri !== undefined) {
    if (url !== undefined) {
      reader.refuse('mongodbUri', 'It and DATABASE_URL are both set: unset one of the two.')
    }
    return checkMongodb(reader, 'mongodbUri', mongodbUri)
  }
  if (url === undefined) return { kind: 'sqlite', file: resolve('data/countersign.db') }
  if (/^mongodb(\+srv)?:/.test(url)) return checkMongodb(reader, 'databaseUrl', url)
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
      `This version does not know ${scheme}. Write sqlite:<file>, postgres://<user>:<password>@<host>/<database> or mongodb://<host>/<database>.`,
    )
    return embedded
  }
  return checkSqlite(reader, path, production)
}

function checkSqlite(reader: OptionReader, path: string, production: boolean): SqliteSettings {
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

function checkMongodb(reader: OptionReader, option: OptionName, url: string): MongodbSettings {
  const parts = parseMongodbUrl(url)
  if (parts === undefined) {
    const shape = 'mongodb://<user>:<password>@<host>/<database>'
    reader.refuse(option, `This is no URL of a MongoDB: write ${shape}, odd characters as %XX.`)
  } else {
    for (const mistake of findUnsafeOptions(parts)) reader.refuse(option, mistake)
  }
  return { kind: 'mongodb', url }
}

/** A database that is named beside the configured one, and has to last. */
export function parseDatabaseUrl(
  url: string,
):
  | { readonly ok: true; readonly database: DatabaseSettings }
  | { readonly ok: false; readonly mistakes: readonly string[] } {
  const reader = new OptionReader({ databaseUrl: url })
  const database = readDatabase(reader, true)
  const mistakes = reader.mistakes.map(({ message }) => message)
  return mistakes.length === 0 ? { ok: true, database } : { ok: false, mistakes }
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

function isRedisUrl(url: string): boolean {
  return /^rediss?:\/\//.test(url) && URL.canParse(url) && !new URL(url).hostname.includes(',')
}

/** redis:// or rediss:// (TLS). */
export function checkRedis(reader: OptionReader): { redisUrl: string | undefined } {
  const redisUrl = reader.text('redisUrl')
  if (redisUrl !== undefined && !isRedisUrl(redisUrl)) {
    reader.refuse(
      'redisUrl',
      'It is no URL of one Redis: write redis://host:6379, or rediss:// with TLS. With Sentinel or a cluster name one ' +
        'address, which follows the primary.',
    )
  }
  return { redisUrl }
}
