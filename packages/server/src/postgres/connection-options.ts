import { readFileSync } from 'node:fs'
import { checkServerIdentity, type ConnectionOptions, getCACertificates } from 'node:tls'
import type { ClientConfig } from 'pg'
import type { PostgresSettings, PostgresTls } from '../config/settings.ts'

// The driver stops waiting a little later than the server stops working, so that what timed out was rolled back there.
const answerMarginMs = 1_000

/**
 * Everything that the driver would otherwise take from the environment is said here. What the server has to keep to is set
 * when the connection is there (set-up-session.ts).
 */
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
    query_timeout: settings.statementTimeoutMs + answerMarginMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types: { getTypeParser },
  }
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
