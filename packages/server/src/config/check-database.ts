import { resolve } from 'node:path'
import type { OptionReader } from './read-option.ts'
import type { DatabaseSettings } from './settings.ts'

const fallback = 'sqlite:./data/countersign.db'

/** A database that is not known here stops the start: SQLite never steps in for another. */
export function checkDatabase(reader: OptionReader, production: boolean): DatabaseSettings {
  if (reader.text('mongodbUri') !== undefined) {
    reader.refuse(
      'mongodbUri',
      'This version cannot store in MongoDB yet. Unset it and set DATABASE_URL=sqlite:<file> to store in SQLite.',
    )
  }
  const url = reader.text('databaseUrl') ?? fallback
  const scheme = /^([a-z+]+):/i.exec(url)?.[1]?.toLowerCase()
  switch (scheme) {
    case 'sqlite':
      return checkSqlite(reader, url, production)
    default:
      reader.refuse(
        'databaseUrl',
        `This version stores in SQLite alone and does not know ${scheme ?? 'this URL'} yet. Write sqlite:<file>.`,
      )
      return checkSqlite(reader, fallback, false)
  }
}

function checkSqlite(reader: OptionReader, url: string, production: boolean): DatabaseSettings {
  const path = url.slice('sqlite:'.length)
  if (path === '') reader.refuse('databaseUrl', 'It names no file: write sqlite:<file>.')
  if (path === ':memory:') {
    if (production) {
      reader.refuse(
        'databaseUrl',
        'In memory every account is lost at the end: write sqlite:<file>.',
      )
    }
    return { kind: 'sqlite', url, file: path }
  }
  return { kind: 'sqlite', url, file: resolve(path.replace(/^\/\/(?=\/)/, '')) }
}

/** redis:// or rediss:// (TLS). */
export function checkRedis(reader: OptionReader): { redisUrl: string | undefined } {
  const redisUrl = reader.text('redisUrl')
  if (redisUrl !== undefined && !(/^rediss?:\/\//.test(redisUrl) && URL.canParse(redisUrl))) {
    reader.refuse('redisUrl', 'It is no Redis URL: write redis://host:6379, or rediss:// with TLS.')
  }
  return { redisUrl }
}
