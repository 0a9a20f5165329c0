import {
  StoreUnavailableError,
  type StoreUnavailableReason,
} from '../../foundation/store-failure.ts'

// Codes of mongod's error_codes.yml.
const codes = {
  lockTimeout: 24,
  writeConflict: 112,
  unauthorized: 13,
  authenticationFailed: 18,
  maxTimeExpired: 50,
  commandNotFound: 59,
  duplicateKey: 11000,
  outOfDiskSpace: 14031,
} as const

// Not primary, stepping down, shutting down, interrupted, out of reach of other members: what the next primary, or the
// same one a moment later, answers.
const passing: ReadonlySet<number> = new Set([
  6, 7, 43, 89, 91, 100, 133, 134, 189, 262, 391, 9001, 10058, 10107, 11600, 11601, 11602, 13435,
  13436,
])

/** Whether a unique index refused the write. Only mongod says which index, so that nobody here asks. */
export function isDuplicateKey(error: unknown): boolean {
  return codeOf(error) === codes.duplicateKey
}

export function isUnknownCommand(error: unknown): boolean {
  return codeOf(error) === codes.commandNotFound
}

/**
 * The driver's failure in the words of every store. The driver's classes are told by their names: the driver is loaded
 * lazily, and a host application may have a second copy of it.
 */
export function explainMongodbFailure(error: unknown): unknown {
  if (error instanceof StoreUnavailableError || !(error instanceof Error)) return error
  const reason = reasonOf(error)
  if (reason !== undefined) {
    return new StoreUnavailableError(reason, messages[reason], { cause: error })
  }
  const code = codeOf(error)
  if (code === undefined) return error
  // Without its cause: the server's answer can hold what was to be written, a hash included, and would be logged.
  return new Error(`MongoDB refused a command (code ${code}).`)
}

/** Why there is no connection at the start, with the place and the mend. Never the user or the password. */
export function explainConnection(error: unknown, hosts: string): unknown {
  const explained = explainMongodbFailure(error)
  if (!(explained instanceof StoreUnavailableError)) return error
  const cause = error instanceof Error ? error.message : String(error)
  const message = `Cannot use MongoDB at ${hosts} (${cause}). ${explained.message}`
  return new StoreUnavailableError(explained.reason, message, { cause: error })
}

type Reason = Exclude<StoreUnavailableReason, 'corrupt' | 'read_only' | 'schema' | 'steps_pending'>

function reasonOf(error: Error): Reason | undefined {
  switch (error.name) {
    // Nothing was sent.
    case 'MongoServerSelectionError':
    case 'MongoSystemError':
    case 'MongoPoolClearedError':
    case 'MongoNotConnectedError':
    case 'MongoStalePrimaryError':
      return 'unreachable'
    // Sent and not answered, or not by a majority in time: it may be there, and it may yet be undone.
    case 'MongoNetworkError':
    case 'MongoNetworkTimeoutError':
      return isConnecting(error) ? 'unreachable' : 'interrupted'
    case 'PoolClearedOnNetworkError':
    case 'MongoWriteConcernError':
      return 'interrupted'
    case 'MongoWaitQueueTimeoutError':
      return 'busy'
    case 'MongoTopologyClosedError':
    case 'MongoClientClosedError':
    case 'MongoPoolClosedError':
    case 'MongoServerClosedError':
      return 'closed'
    default:
      return isSocketFailure(error) ? 'interrupted' : reasonOfCode(codeOf(error))
  }
}

// The driver lets some through as Node gave them: a write into a socket that the server has just ended.
const socketFailures: ReadonlySet<unknown> = new Set([
  'EPIPE',
  'ECONNRESET',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_WRITE_AFTER_END',
  'ERR_SOCKET_CLOSED',
])

function isSocketFailure(error: Error): boolean {
  return 'code' in error && socketFailures.has(error.code)
}

/** The connection was only being made: the command was not sent. */
function isConnecting(error: Error & { hasErrorLabel?: (label: string) => boolean }): boolean {
  return error.hasErrorLabel?.('HandshakeError') === true
}

function reasonOfCode(code: number | undefined): Reason | undefined {
  switch (code) {
    case undefined:
      return undefined
    case codes.unauthorized:
    case codes.authenticationFailed:
      return 'denied'
    case codes.outOfDiskSpace:
      return 'full'
    case codes.lockTimeout:
    case codes.writeConflict:
      return 'locked'
    case codes.maxTimeExpired:
      return 'busy'
    default:
      return passing.has(code) ? 'unreachable' : undefined
  }
}

function codeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'number' ? error.code : undefined
}

const messages: Readonly<Record<Reason, string>> = {
  locked: 'Another change of the same document came between.',
  busy: 'MongoDB did not answer in time: it is overloaded, or every connection (maxPoolSize) is in use.',
  denied: 'MongoDB refuses this user: check its password, and give it the role readWrite.',
  full: 'The disk of MongoDB is full.',
  unreachable: 'MongoDB, or a majority of its replica set, cannot be reached.',
  interrupted:
    'The connection to MongoDB broke, or a majority did not confirm in time, during a change.',
  closed: 'The database is closed.',
}
