import type { Schema } from '../stores/sql/schema.ts'

type ColumnKind = 'text' | 'number' | 'bytes'

/** In the words of the SQL schema, which is the form that rows have on their way, whatever database they are from. */
type MovedSchema = Omit<Schema, keyof typeof leftBehind>

export type MovedTable = keyof MovedSchema

/** What stays where it is, and why. */
export const leftBehind = {
  leases: 'Who holds one is a process on the source, and all of those have ended.',
} as const

// The compiler asks for every column that a row has; moved-tables.test.ts asks for every one that a migration makes.
const columns: {
  readonly [Table in MovedTable]: Readonly<Record<keyof Schema[Table], ColumnKind>>
} = {
  users: {
    id: 'text',
    username: 'text',
    username_key: 'text',
    email: 'text',
    password_hash: 'text',
    role: 'text',
    disabled: 'number',
    session_epoch: 'number',
    token_epoch: 'number',
    epochs_raised_at: 'number',
    created_at: 'number',
    updated_at: 'number',
    deleted_at: 'number',
    verified_email_key: 'text',
    factor_epoch: 'number',
  },
  sessions: {
    id: 'text',
    user_id: 'text',
    salt: 'bytes',
    generation: 'number',
    parent: 'number',
    rotated_at: 'number',
    created_at: 'number',
    last_used_at: 'number',
    ended_at: 'number',
    end_reason: 'text',
    epoch: 'number',
    user_agent: 'text',
    ip: 'text',
    amr: 'text',
    authenticated_at: 'number',
  },
  keyring: { id: 'text', version: 'number', document: 'text' },
  attempts: { key: 'text', count: 'number', resets_at: 'number' },
  consumed: { kind: 'text', id: 'text', expires_at: 'number' },
  services: {
    id: 'text',
    name: 'text',
    name_key: 'text',
    secret_hash: 'text',
    created_at: 'number',
  },
  factors: {
    id: 'text',
    user_id: 'text',
    kind: 'text',
    name: 'text',
    epoch: 'number',
    external_id: 'text',
    secret: 'text',
    counter: 'number',
    created_at: 'number',
    last_used_at: 'number',
  },
  challenges: {
    kind: 'text',
    id: 'text',
    subject: 'text',
    payload: 'text',
    attempts: 'number',
    expires_at: 'number',
  },
  mails: {
    id: 'text',
    kind: 'text',
    payload: 'text',
    attempts: 'number',
    due_at: 'number',
    created_at: 'number',
    expires_at: 'number',
  },
  audit_events: {
    id: 'text',
    at: 'number',
    type: 'text',
    actor_id: 'text',
    subject_id: 'text',
    session_id: 'text',
    ip: 'text',
    user_agent: 'text',
    request_id: 'text',
    detail: 'text',
  },
}

export const movedTables: readonly MovedTable[] = Object.keys(columns) as MovedTable[]

/** In one order on every database. */
export function columnsOf(table: MovedTable): readonly string[] {
  return Object.keys(columns[table])
}
