import { StoreUnavailableError } from '../../foundation/store-failure.ts'

// Codes of mongod's error_codes.yml.
const codes = {
  lockTimeout: 24,
  writeConflict: 112,
  unauthorized: 13,
  authenticationFailed: 18,
  maxTimeExpired: 50,
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

/**
 * The driver's failure in the words of every store. The driver's classes are told by their names: the driver is loaded
 * lazily, and a host application may have a second copy of it.
 */
export function explainMongodbFailure(error: unknown): unknown {
  if (error instanceof StoreUnavailableError || !(error instanceof Error)) return error
  const reason = reasonOf(error)
  return reason === undefined
    ? error
    : new StoreUnavailableError(reason, messages[reason], { cause: error })
}

/** Why there is no connection at the start, with the place and the mend. Never the user or the password. */
export function explainConnection(error: unknown, hosts: string): unknown {
  const explained = explainMongodbFailure(error)
  if (!(explained instanceof StoreUnavailableError)) return error
  const cause = error instanceof Error ? error.message : String(error)
  const message = `Cannot use MongoDB at ${hosts} (${cause}). ${explained.message}`
  return new StoreUnavailableError(explained.reason, message, { cause: error })
}

function reasonOf(error: Error): keyof typeof messages | undefined {
  switch (error.name) {
    case 'MongoNetworkError':
    case 'MongoNetworkTimeoutError':
    case 'MongoServerSelectionError':
    case 'MongoSystemError':
    case 'MongoPoolClearedError':
    case 'PoolClearedOnNetworkError':
    case 'MongoNotConnectedError':
    case 'MongoStalePrimaryError':
    // Written on the primary and not on a majority in time: it may yet be undone, so it is not acknowledged.
    case 'MongoWriteConcernError':
      return 'unreachable'
    case 'MongoWaitQueueTimeoutError':
      return 'locked'
    case 'MongoTopologyClosedError':
    case 'MongoClientClosedError':
    case 'MongoPoolClosedError':
    case 'MongoServerClosedError':
      return 'closed'
    default:
      return reasonOfCode(codeOf(error))
  }
}

function reasonOfCode(code: number | undefined): keyof typeof messages | undefined {
  switch (code) {
    case undefined:
      return undefined
    case codes.unauthorized:
    case codes.authenticationFailed:
      return 'read_only'
    case codes.outOfDiskSpace:
      return 'full'
    case codes.lockTimeout:
    case codes.writeConflict:
    case codes.maxTimeExpired:
      return 'locked'
    default:
      return passing.has(code) ? 'unreachable' : undefined
  }
}

function codeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'number' ? error.code : undefined
}

const messages = {
  locked:
    'MongoDB did not answer in time: it is overloaded, or every connection (maxPoolSize) is in use.',
  read_only: 'MongoDB refuses this user: check its password, and give it the role readWrite.',
  full: 'The disk of MongoDB is full.',
  unreachable: 'MongoDB, or a majority of its replica set, cannot be reached.',
  closed: 'The database is closed.',
} as const
