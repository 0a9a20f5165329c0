import { readFileSync } from 'node:fs'
import { checkServerIdentity, type ConnectionOptions, getCACertificates } from 'node:tls'
import type { ClientConfig } from 'pg'
import type { PostgresSettings, PostgresTls } from '../config/settings.ts'

// The driver stops waiting a little later than the server stops working, so that what timed out was rolled back there.
const answerMarginMs = 1_000

/** Everything that the driver would otherwise take from the environment is said here. */
export function connectionOptionsOf(settings: PostgresSettings): ClientConfig {
  return {
    host: settings.host,
    port: settings.port,
    user: settings.user,
    database: settings.database,
    password: settings.password ?? refuseForWantOfPassword,
    ssl: settings.tls ? tlsOptionsOf(settings.tls, settings.host) : false,
    application_name: settings.applicationName,
    connectionTimeoutMillis: settings.connectTimeoutMs,
    statement_timeout: settings.statementTimeoutMs,
    lock_timeout: settings.lockTimeoutMs,
    idle_in_transaction_session_timeout: settings.statementTimeoutMs,
    query_timeout: settings.statementTimeoutMs + answerMarginMs,
    options: sessionOptionsOf(settings),
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types: { getTypeParser },
  }
}

/**
 * The tables of our schema alone; one statement sees one state of them; and an answer waits until its change is on the
 * disk, whatever the role's or the database's defaults are.
 *
 * Plans are kept with prepared statements: one made while a table was empty would go on reading it from end to end when
 * it has a million rows, or all that an index of it holds, to sort that. Every query has an index, and every order that
 * is asked for is an index's, so that neither is ever planned.
 */
function sessionOptionsOf({ schema }: PostgresSettings): string {
  return [
    `search_path=${schema}`,
    'default_transaction_isolation=read\\ committed',
    'synchronous_commit=on',
    'enable_seqscan=off',
    'enable_sort=off',
    'jit=off',
  ]
    .map((option) => `-c ${option}`)
    .join(' ')
}

/** Asked only when the server wants a password. Without it the driver would look into the environment and ~/.pgpass. */
function refuseForWantOfPassword(): never {
  throw new Error('the server asks for a password and DATABASE_URL has none')
}

function tlsOptionsOf(tls: PostgresTls, host: string): ConnectionOptions {
  return {
    rejectUnauthorized: tls.verify !== 'nothing',
    ...(tls.verify === 'verify-full'
      ? // Without a name (RFC 6066 forbids addresses in SNI) Node would compare with `localhost`.
        { checkServerIdentity: (_name, certificate) => checkServerIdentity(host, certificate) }
      : { checkServerIdentity: () => undefined }),
    ...(tls.authorityFile === undefined ? {} : { ca: readAuthorities(tls.authorityFile) }),
    ...(tls.certificateFile === undefined ? {} : { cert: readFileSync(tls.certificateFile) }),
    ...(tls.keyFile === undefined ? {} : { key: readFileSync(tls.keyFile) }),
  }
}

function readAuthorities(file: string): string | string[] {
  return file === 'system' ? getCACertificates('system') : readFileSync(file, 'utf8')
}

// Object identifiers of types (pg_type.dat).
const int8 = 20
const bytea = 17

/** As SQLite answers: every integer a number (ours are counts and milliseconds), bytes as bytes, all else as text. */
function getTypeParser(oid: number): (text: string) => unknown {
  if (oid === int8) return Number
  if (oid === bytea) return (text) => Buffer.from(text.slice(2), 'hex')
  return (text) => text
}
