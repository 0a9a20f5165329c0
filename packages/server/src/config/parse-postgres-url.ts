import { accessSync, constants } from 'node:fs'
import { isIP } from 'node:net'
import type { PostgresSettings, PostgresTls } from './settings.ts'

export type ParsedPostgresUrl =
  | { readonly ok: true; readonly settings: PostgresSettings }
  /** Each with its mend, and none with any part of the URL that could hold a password. */
  | { readonly ok: false; readonly mistakes: readonly string[] }

// Taken apart by hand: the URL class knows no sockets, and libpq takes an `@` in a password as it is.
const pattern =
  /^postgres(?:ql)?:\/\/(?:(?<user>[^:/?#@]*)(?::(?<password>[^/?#]*))?@)?(?<authority>[^/?#@]*)(?:\/(?<database>[^?#]*))?(?:\?(?<query>[^#]*))?$/

const parameterNames = [
  'host',
  'port',
  'sslmode',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'application_name',
  'schema',
  'pool_size',
  'connect_timeout',
  'statement_timeout',
  'lock_timeout',
] as const

type Parameters = ReadonlyMap<(typeof parameterNames)[number], string>

/** `postgres://user:password@host:port/database?sslmode=verify-full&pool_size=10`: libpq's form, and ours within it. */
export function parsePostgresUrl(url: string): ParsedPostgresUrl {
  const parts = pattern.exec(url)?.groups
  if (parts === undefined) {
    return { ok: false, mistakes: ['It is no URL of PostgreSQL: write it as ' + form] }
  }
  const mistakes: string[] = []
  const user = decode(parts['user'] ?? '', 'user', mistakes)
  // Without a user the `?` may be the password's, and what follows no parameter to repeat.
  const parameters = readParameters(parts['query'] ?? '', user !== '', mistakes)
  const { host, port } = readAddress(parts['authority'] ?? '', parameters, mistakes)
  const database = decode(parts['database'] ?? '', 'database', mistakes)
  if (user === '') mistakes.push('It names no user: write it as ' + form)
  if (database === '') mistakes.push('It names no database: write it as ' + form)
  const password = parts['password']
  const settings: PostgresSettings = {
    kind: 'postgres',
    host,
    port,
    user,
    password: password === undefined ? undefined : decode(password, 'password', mistakes),
    database,
    tls: readTls(host, parameters, mistakes),
    ...readSession(parameters, mistakes),
    ...readBounds(parameters, mistakes),
  }
  return mistakes.length > 0 ? { ok: false, mistakes } : { ok: true, settings }
}

const form = 'postgres://<user>:<password>@<host>:5432/<database>, with %40 for @ and the like.'

function decode(text: string, part: string, mistakes: string[]): string {
  try {
    return decodeURIComponent(text)
  } catch {
    mistakes.push(`Its ${part} has a % that begins no escape: write %25.`)
    return text
  }
}

function readParameters(query: string, isShown: boolean, mistakes: string[]): Parameters {
  const parameters = new Map<(typeof parameterNames)[number], string>()
  for (const [given, value] of new URLSearchParams(query)) {
    const name = parameterNames.find((known) => known === given)
    // A misspelt one would silently leave a default in force, TLS included.
    if (name === undefined) {
      const shown = isShown ? ` (${JSON.stringify(given)})` : ''
      mistakes.push(`It has a parameter that is not known${shown}: known are ${knownNames}.`)
    } else if (parameters.has(name)) {
      mistakes.push(`It has the parameter ${name} twice: write it once.`)
    } else if (value !== '') {
      parameters.set(name, value)
    }
  }
  return parameters
}

const knownNames = parameterNames.join(', ')

function readAddress(
  authority: string,
  parameters: Parameters,
  mistakes: string[],
): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]*))(?::(\d*))?$/.exec(authority)
  if (authority.includes(',') || parameters.get('host')?.includes(',')) {
    mistakes.push('It names several hosts: name one address, which follows the primary.')
  } else if (match === null) {
    mistakes.push('Its host and port cannot be told: write it as ' + form)
  }
  const [, bracketed, plain = '', digits = ''] = match ?? []
  const named = bracketed ?? decode(plain, 'host', mistakes)
  const host = parameters.get('host') ?? (named === '' ? 'localhost' : named)
  const text = parameters.get('port') ?? (digits === '' ? '5432' : digits)
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (port < 1 || port > 65_535) mistakes.push('Its port is no number from 1 to 65535.')
  return { host, port }
}

const sslModes = ['disable', 'require', 'verify-ca', 'verify-full'] as const

/** libpq's words. Without them TLS is verified in full, except where nobody can listen: on this machine. */
function readTls(
  host: string,
  parameters: Parameters,
  mistakes: string[],
): PostgresTls | undefined {
  const given = parameters.get('sslmode')
  const mode = given === undefined ? undefined : sslModes.find((known) => known === given)
  if (given !== undefined && mode === undefined) {
    mistakes.push(
      `Its sslmode is none of ${sslModes.join(', ')} (the others fall back to no TLS unasked).`,
    )
  }
  const authorityFile = readFileName('sslrootcert', parameters, mistakes)
  const certificateFile = readFileName('sslcert', parameters, mistakes)
  const keyFile = readFileName('sslkey', parameters, mistakes)
  if ((certificateFile === undefined) !== (keyFile === undefined)) {
    mistakes.push('sslcert and sslkey go together: name both or neither.')
  }
  if (mode === 'disable' || (mode === undefined && isThisMachine(host))) {
    if (authorityFile !== undefined || certificateFile !== undefined) {
      mistakes.push('It names certificates and no TLS: write sslmode=verify-full.')
    }
    return undefined
  }
  // As in libpq, an authority that was named is not ignored.
  const encryptsOnly = mode === 'require' && authorityFile === undefined
  const verify = encryptsOnly ? 'nothing' : mode === 'require' ? 'verify-ca' : mode
  return { verify: verify ?? 'verify-full', authorityFile, certificateFile, keyFile }
}

function isThisMachine(host: string): boolean {
  if (host.startsWith('/') || host === 'localhost' || host === '::1') return true
  return isIP(host) === 4 && host.startsWith('127.')
}

function readFileName(
  name: 'sslrootcert' | 'sslcert' | 'sslkey',
  parameters: Parameters,
  mistakes: string[],
): string | undefined {
  const file = parameters.get(name)
  if (file === undefined || (name === 'sslrootcert' && file === 'system')) return file
  try {
    accessSync(file, constants.R_OK)
  } catch {
    mistakes.push(`Its ${name} ${file} cannot be read: correct the path or the permissions.`)
  }
  return file
}

// It stands in the options of a connection, where a quote or a space would begin another option.
const schemaPattern = /^[a-z_][a-z0-9_]{0,62}$/

function readSession(parameters: Parameters, mistakes: string[]) {
  const schema = parameters.get('schema') ?? 'countersign'
  if (!schemaPattern.test(schema) || schema.startsWith('pg_')) {
    mistakes.push('Its schema is no plain name: lower-case letters, digits and _.')
  }
  return { schema, applicationName: parameters.get('application_name') ?? 'countersign' }
}

// Revocations are polled with an overlap of ten seconds: a write that took longer could be missed by other instances.
const longestWaitMs = 9_000

function readBounds(parameters: Parameters, mistakes: string[]) {
  const text = parameters.get('pool_size') ?? '10'
  const poolSize = /^\d{1,3}$/.test(text) ? Number(text) : 0
  if (poolSize < 1 || poolSize > 500) mistakes.push('Its pool_size is no number from 1 to 500.')
  const bound = (name: BoundName, fallback: number, bareUnit: 's' | 'ms'): number => {
    const given = parameters.get(name)
    const milliseconds = given === undefined ? fallback : parseMilliseconds(given, bareUnit)
    if (milliseconds !== undefined && milliseconds >= 50) return milliseconds
    mistakes.push(`Its ${name} is no time from 50ms: write it as 500ms or 2s.`)
    return fallback
  }
  const connectTimeoutMs = bound('connect_timeout', 3_000, 's')
  const statementTimeoutMs = bound('statement_timeout', 5_000, 'ms')
  if (connectTimeoutMs + statementTimeoutMs > longestWaitMs) {
    mistakes.push('Its connect_timeout and statement_timeout exceed 9s together: shorten one.')
  }
  const lockTimeoutMs = bound('lock_timeout', Math.min(2_000, statementTimeoutMs), 'ms')
  return { poolSize, connectTimeoutMs, statementTimeoutMs, lockTimeoutMs }
}

type BoundName = 'connect_timeout' | 'statement_timeout' | 'lock_timeout'

/** A bare number counts as it does for PostgreSQL: seconds to connect, milliseconds for the others. */
function parseMilliseconds(text: string, bareUnit: 's' | 'ms'): number | undefined {
  const [, digits, unit = bareUnit] = /^(\d{1,6})(ms|s)?$/.exec(text) ?? []
  if (digits === undefined) return undefined
  return Number(digits) * (unit === 's' ? 1000 : 1)
}
