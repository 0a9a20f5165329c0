import type { Collections } from '../stores/mongodb/documents.ts'
import { StoreUnavailableError } from '../foundation/store-failure.ts'
import type { ColumnValue } from '../stores/sql/statement.ts'
import type { Row } from './content-digest.ts'
import { columnsOf, type MovedTable } from './moved-tables.ts'

/** As it is in a collection. */
export type Document = Readonly<Record<string, unknown>> & { readonly _id: string }

/** How the rows of a table look as documents of a collection; stores/mongodb/documents.ts says why. */
interface Form {
  readonly collection: keyof Collections
  /** The columns that the id is made of. */
  readonly key: readonly string[]
  /** Columns whose field is left out where the row has null: what a sparse index must not see. */
  readonly sparse: readonly string[]
  /** Fields that are named otherwise than their column. */
  readonly derive?: (row: Row) => Readonly<Record<string, unknown>>
  /** The columns that are made of them. */
  readonly restore?: (document: Readonly<Record<string, unknown>>) => Row
  /** Columns that have no field of their own. */
  readonly derived?: readonly string[]
  /** Fields that have no column of their own. */
  readonly fields?: readonly string[]
  /** Columns that the version before did not write, and what their absence stood for. */
  readonly defaults?: Row
}

const idIsKey = ['id'] as const
const twoKeys = ['kind', 'id'] as const

const forms: Readonly<Record<MovedTable, Form>> = {
  users: {
    collection: 'accounts',
    key: idIsKey,
    sparse: ['username', 'username_key', 'verified_email_key', 'epochs_raised_at'],
    derived: ['deleted_at'],
    fields: ['isDeleted'],
    derive: (row) => ({ isDeleted: Number(row['deleted_at'] !== null) }),
    restore: ({ isDeleted, updatedAt }) => ({
      deleted_at: isDeleted === 0 ? null : toValue(updatedAt),
    }),
    defaults: { factor_epoch: 0 },
  },
  sessions: {
    collection: 'sessions',
    key: idIsKey,
    sparse: ['ended_at', 'end_reason', 'amr', 'authenticated_at'],
    derived: ['salt'],
    fields: ['salt', 'hasEnded'],
    derive: (row) => ({
      salt: toBase64url(row['salt']),
      hasEnded: Number(row['ended_at'] !== null),
    }),
    restore: ({ salt }) => ({ salt: Buffer.from(String(salt), 'base64url') }),
  },
  keyring: { collection: 'keyring', key: idIsKey, sparse: [] },
  attempts: { collection: 'attempts', key: ['key'], sparse: [] },
  consumed: { collection: 'consumed', key: twoKeys, sparse: [] },
  services: { collection: 'services', key: idIsKey, sparse: [] },
  factors: { collection: 'factors', key: idIsKey, sparse: ['external_id'] },
  challenges: { collection: 'challenges', key: twoKeys, sparse: [] },
  mails: { collection: 'mails', key: idIsKey, sparse: [] },
  audit_events: { collection: 'auditEvents', key: idIsKey, sparse: [] },
}

export function collectionOf(table: MovedTable): keyof Collections {
  return forms[table].collection
}

export function toDocument(table: MovedTable, row: Row): Document {
  const { key, sparse, derived = [], derive } = forms[table]
  const keys = key.map((column) => row[column])
  const fields = columnsOf(table)
    .filter((column) => !key.includes(column) && !derived.includes(column))
    .filter((column) => row[column] !== null || !sparse.includes(column))
    .map((column) => [toField(column), row[column]])
  return {
    _id: keys.length === 1 ? String(keys[0]) : JSON.stringify(keys),
    ...Object.fromEntries(fields),
    ...derive?.(row),
  }
}

/**
 * A tombstone has no key of an address here, for its index would see it: one that the version before made may have kept
 * it. Nobody asks for the time of deletion, which is that of the last change.
 */
export function toStorable(table: MovedTable, row: Row): Row {
  if (table !== 'users' || row['deleted_at'] === null) return row
  return { ...row, verified_email_key: null, deleted_at: row['updated_at'] ?? null }
}

/** @throws StoreUnavailableError for a document with a field that would be left behind */
export function toRow(table: MovedTable, { _id: id, ...document }: Document): Row {
  const { key, derived = [], fields = [], restore, defaults = {}, collection } = forms[table]
  const own = columnsOf(table).filter(
    (column) => !key.includes(column) && !derived.includes(column),
  )
  const known = new Set([...fields, ...own.map(toField)])
  const unknown = Object.keys(document).find((field) => !known.has(field))
  if (unknown !== undefined) {
    const message = `A document of ${collection} has the field ${unknown}, which this version does not know: move it with the version that made it.`
    throw new StoreUnavailableError('schema', message)
  }
  const values = own.map((column) => [
    column,
    toValue(document[toField(column)] ?? defaults[column]),
  ])
  return {
    ...readKey(key, id),
    ...Object.fromEntries(values),
    ...restore?.(document),
  }
}

function readKey(key: readonly string[], id: string): Row {
  const [only, ...more] = key
  if (only === undefined) return {}
  if (more.length === 0) return { [only]: id }
  const values = JSON.parse(id) as readonly string[]
  return Object.fromEntries(key.map((column, index) => [column, values[index] ?? null]))
}

/** `user_id` is `userId`. */
function toField(column: string): string {
  return column.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

function toValue(value: unknown): ColumnValue {
  if (value === null || value === undefined) return null
  if (typeof value === 'string' || typeof value === 'number') return value
  throw new StoreUnavailableError(
    'corrupt',
    'A document holds something else than texts and numbers: no version has written that.',
  )
}

function toBase64url(value: ColumnValue | undefined): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64url') : ''
}
