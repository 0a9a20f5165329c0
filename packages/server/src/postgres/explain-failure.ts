import type { PostgresSettings } from '../config/settings.ts'
import { StoreUnavailableError } from '../foundation/store-failure.ts'

/** What was under way: nothing is sent before a connection is there, and a read may be lost without harm. */
export type PostgresAct = 'connect' | 'read' | 'write'

/** SQLSTATE codes that a caller can do something about (postgresql.org/docs/current/errcodes-appendix.html). */
const uniqueViolation = '23505'

/** The SQLSTATE of an answer by the server, undefined for everything that happened on the way. */
export function sqlStateOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('severity' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

export function isUniqueViolation(error: unknown): boolean {
  return sqlStateOf(error) === uniqueViolation
}

/**
 * Whether the connection is of no more use. An ERROR ends a statement, which is then rolled back; everything else ends
 * the connection. The server says which in the language of its messages: in others than English the code tells.
 */
export function breaksConnection(error: unknown): boolean {
  const sqlState = sqlStateOf(error)
  if (sqlState === undefined || !(error instanceof Error) || !('severity' in error)) return true
  if (error.severity === 'ERROR') return false
  return error.severity === 'FATAL' || error.severity === 'PANIC' || endsConnection.test(sqlState)
}

/**
 * What a server says when it ends a connection that was there: a shutdown, an order, a time limit, a message that it does
 * not understand, a defect. Nothing else leaves open whether a change was committed.
 */
const endsConnection = /^(?:08|25P|57P|58|XX)/

/** The same fault in the words of every store. What is no fault of the database comes back as it is. */
export function explainPostgresFailure(
  error: unknown,
  act: PostgresAct,
  settings: PostgresSettings,
): unknown {
  if (error instanceof StoreUnavailableError) return error
  const place = describePlace(settings)
  const fail = (reason: StoreUnavailableError['reason'], message: string) =>
    new StoreUnavailableError(reason, message, { cause: error })
  if (act === 'write' && breaksConnection(error)) {
    // Sent and not answered: it is never sent again, for it may have been carried out.
    return fail('interrupted', `The connection to ${place} broke during a change.`)
  }
  const sqlState = sqlStateOf(error)
  if (sqlState !== undefined) {
    const known = explainSqlState(sqlState, settings)
    if (known) return fail(known.reason, `${place}: ${known.message}`)
    // Without its cause: the detail of such an error can be a whole row, a hash included, and would be logged.
    return new Error(`${place} refused a statement (SQLSTATE ${sqlState}): ${messageOf(error)}`)
  }
  if (act === 'read') return fail('unreachable', `The connection to ${place} broke.`)
  return explainConnecting(error, place)
}

/** For people: where, and never a password. */
export function describePlace({ host, port, database }: PostgresSettings): string {
  const address = host.includes(':') ? `[${host}]` : host
  return `PostgreSQL at ${address}:${port}/${database}`
}

interface Explanation {
  readonly reason: StoreUnavailableError['reason']
  readonly message: string
}

function explainSqlState(sqlState: string, settings: PostgresSettings): Explanation | undefined {
  const { user, database, schema } = settings
  const exact: Readonly<Record<string, Explanation>> = {
    '25006': { reason: 'read_only', message: 'it is a standby or read-only: name the primary.' },
    '28000': { reason: 'denied', message: `user ${user} may not connect: see its pg_hba.conf.` },
    '28P01': { reason: 'denied', message: `it refuses the password of user ${user}.` },
    '3D000': { reason: 'denied', message: `there is no such database: createdb ${database}` },
    '40001': { reason: 'locked', message: 'another change came between.' },
    '40P01': { reason: 'locked', message: 'another change came between.' },
    '42501': { reason: 'denied', message: `user ${user} lacks a right on schema ${schema}.` },
    '53100': { reason: 'full', message: 'its disk is full.' },
    '53300': { reason: 'busy', message: 'it has no connection left: raise max_connections.' },
    '55P03': { reason: 'locked', message: 'a row or table is locked for too long.' },
    '57014': { reason: 'busy', message: 'it took longer than statement_timeout.' },
    '57P03': { reason: 'unreachable', message: 'it is starting up or shutting down.' },
  }
  const known = exact[sqlState]
  if (known) return known
  switch (sqlState.slice(0, 2)) {
    case '08':
    case '57':
    case '58':
      return { reason: 'unreachable', message: `it gave up (SQLSTATE ${sqlState}).` }
    case '53':
      return { reason: 'busy', message: `it is short of resources (SQLSTATE ${sqlState}).` }
    case 'XX':
      return { reason: 'corrupt', message: `it is damaged (SQLSTATE ${sqlState}): see its log.` }
    case '3F':
    case '42': {
      const message = `schema ${schema} is not the one that this version knows (SQLSTATE ${sqlState}).`
      return { reason: 'schema', message }
    }
    default:
      return undefined
  }
}

function explainConnecting(error: unknown, place: string): StoreUnavailableError {
  const detail = messageOf(error)
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined
  const fail = (message: string) =>
    new StoreUnavailableError('unreachable', message, { cause: error })
  if (detail.includes('does not support SSL')) {
    return fail(
      `${place} offers no TLS: turn it on there, or write sslmode=disable where nobody can listen on the way.`,
    )
  }
  if (code !== undefined && /CERT|SIGNATURE|ISSUER/.test(code)) {
    return fail(
      `The certificate of ${place} is not trusted (${code}): name its authority as sslrootcert=<file>.`,
    )
  }
  return fail(`${place} cannot be reached (${code ?? detail}): start it, or correct DATABASE_URL.`)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
