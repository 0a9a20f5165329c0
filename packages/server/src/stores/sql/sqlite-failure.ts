import { StoreUnavailableError } from '../../foundation/store-failure.ts'
import { UniqueViolationError } from './sql-database.ts'

// Primary result codes of SQLite (sqlite.org/rescode.html); the upper bits of an errcode say more.
const codes = {
  permission: 3,
  busy: 5,
  locked: 6,
  noMemory: 7,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  protocol: 15,
  constraint: 19,
  notADatabase: 26,
} as const

const uniqueConstraint = 2067
const primaryKeyConstraint = 1555

function errcodeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined
  return typeof error.errcode === 'number' ? error.errcode : undefined
}

function primaryCodeOf(error: unknown): number | undefined {
  const errcode = errcodeOf(error)
  return errcode === undefined ? undefined : errcode & 0xff
}

function isUniqueViolation(error: unknown): boolean {
  const errcode = errcodeOf(error)
  return errcode === uniqueConstraint || errcode === primaryKeyConstraint
}

export function isBusy(error: unknown): boolean {
  const code = primaryCodeOf(error)
  return code === codes.busy || code === codes.locked
}

/** Whether the fault is the database's and not the statement's, so that the whole transaction is lost. */
export function isFatalToTransaction(error: unknown): boolean {
  const code = primaryCodeOf(error)
  return code !== undefined && code !== codes.constraint
}

/** The same fault in the words of every store. */
export function explainSqliteFailure(error: unknown): unknown {
  if (isUniqueViolation(error)) return new UniqueViolationError('Not unique', { cause: error })
  const reason = reasonOf(primaryCodeOf(error))
  if (reason === undefined) return error
  const publicReason = reason === 'denied' ? 'unreachable' : reason
  return new StoreUnavailableError(publicReason, messages[reason], { cause: error })
}

function reasonOf(code: number | undefined): keyof typeof messages | undefined {
  switch (code) {
    case codes.busy:
    case codes.locked:
    case codes.protocol:
      return 'locked'
    case codes.readOnly:
      return 'read_only'
    case codes.full:
      return 'full'
    case codes.corrupt:
    case codes.notADatabase:
      return 'corrupt'
    case codes.permission:
    case codes.cannotOpen:
      return 'denied'
    case codes.ioError:
    case codes.noMemory:
      return 'unreachable'
    default:
      return undefined
  }
}

const messages = {
  locked: 'Another process has locked the database for too long: end it, or wait until it is done.',
  read_only:
    'The database cannot be written: give this user write access to its file and directory.',
  full: 'The disk is full: make room beside the database.',
  corrupt: 'The database file is damaged: restore a backup.',
  denied:
    'The database file cannot be opened: give this user access to the file, and write access to its directory.',
  unreachable: 'The database file cannot be read or written: check its disk.',
} as const
