import { resolve } from 'node:path'
import type { OptionReader } from './read-option.ts'

const fallback = 'sqlite:./data/countersign.db'

/** SQLite and nothing else, so far: another database in the configuration stops the start, SQLite never steps in. */
export function checkDatabase(
  reader: OptionReader,
  production: boolean,
): { databaseUrl: string; databaseFile: string } {
  if (reader.text('mongodbUri') !== undefined) {
    reader.refuse(
      'mongodbUri',
      'This version cannot store in MongoDB yet. Unset it and set DATABASE_URL=sqlite:<file> to store in SQLite.',
    )
  }
  const databaseUrl = reader.text('databaseUrl') ?? fallback
  const path = /^sqlite:(.+)$/.exec(databaseUrl)?.[1]
  if (path === undefined) {
    const scheme = /^[a-z+]+:/i.exec(databaseUrl)?.[0] ?? 'this URL'
    reader.refuse(
      'databaseUrl',
      `This version stores in SQLite alone and does not know ${scheme} yet. Write sqlite:<file>.`,
    )
    return { databaseUrl: fallback, databaseFile: resolve('data/countersign.db') }
  }
  if (path === ':memory:') {
    if (production) {
      reader.refuse(
        'databaseUrl',
        'In memory every account is lost at the end: write sqlite:<file>.',
      )
    }
    return { databaseUrl, databaseFile: path }
  }
  return { databaseUrl, databaseFile: resolve(path.replace(/^\/\/(?=\/)/, '')) }
}

/** redis:// or rediss:// (TLS). */
export function checkRedis(reader: OptionReader): { redisUrl: string | undefined } {
  const redisUrl = reader.text('redisUrl')
  if (redisUrl !== undefined && !(/^rediss?:\/\//.test(redisUrl) && URL.canParse(redisUrl))) {
    reader.refuse('redisUrl', 'It is no Redis URL: write redis://host:6379, or rediss:// with TLS.')
  }
  return { redisUrl }
}
