import { sql } from 'kysely'
import { type EndReason, readAuthentication, type Session } from '../../sessions/session.ts'
import type { SessionStore } from '../../sessions/store.ts'
import { type AccountRow, accountColumns, toAccount } from './account-store.ts'
import type { SessionRow } from './schema.ts'
import type { SqlDatabase } from './sql-database.ts'
import { compileStatement, literal, type Statement } from './statement.ts'

// Named one by one: on PostgreSQL a prepared `*` fails as soon as a newer version adds a column.
const sessionColumns = [
  'id',
  'user_id',
  'salt',
  'generation',
  'parent',
  'rotated_at',
  'created_at',
  'last_used_at',
  'ended_at',
  'end_reason',
  'epoch',
  'user_agent',
  'ip',
  'amr',
  'authenticated_at',
] as const satisfies (keyof SessionRow)[]

const insertSession = compileStatement<SessionRow>((db, arg) =>
  db.insertInto('sessions').values({
    id: arg('id'),
    user_id: arg('user_id'),
    salt: arg<Uint8Array>('salt'),
    generation: arg<number>('generation'),
    parent: arg<number>('parent'),
    rotated_at: arg<number>('rotated_at'),
    created_at: arg<number>('created_at'),
    last_used_at: arg<number>('last_used_at'),
    ended_at: arg<number>('ended_at'),
    end_reason: arg('end_reason'),
    epoch: arg<number>('epoch'),
    user_agent: arg('user_agent'),
    ip: arg('ip'),
    amr: arg('amr'),
    authenticated_at: arg<number>('authenticated_at'),
  }),
)

type JoinedRow = SessionRow & {
  [Column in keyof AccountRow as `account_${Column}`]: AccountRow[Column] | null
} & { account_deleted_at: number | null }

const joinedColumns = [
  ...sessionColumns.map((name) => `sessions.${name}` as const),
  ...accountColumns.map((name) => `users.${name} as account_${name}` as const),
  'users.deleted_at as account_deleted_at' as const,
]

// Deleted accounts are sorted out by who reads the row: with the condition in the join, PostgreSQL reads the whole of an
// index that holds the others when it plans on an empty table.
export const findSessionWithAccount: Statement<{ id: string }, JoinedRow> = compileStatement(
  (db, arg) =>
    db
      .selectFrom('sessions')
      .leftJoin('users', 'users.id', 'sessions.user_id')
      .select(joinedColumns)
      .where('sessions.id', '=', arg('id')) as never,
)

export const rotateSession: Statement<
  {
    id: string
    seen: number
    generation: number
    parent: number
    now: number
  },
  unknown
> = compileStatement((db, arg) =>
  db
    .updateTable('sessions')
    .set({
      generation: arg<number>('generation'),
      parent: arg<number>('parent'),
      rotated_at: arg<number>('now'),
      last_used_at: arg<number>('now'),
    })
    .where('id', '=', arg('id'))
    .where('generation', '=', arg<number>('seen'))
    .where('ended_at', 'is', null),
)

const endSession = compileStatement<{ id: string; reason: string; now: number }>((db, arg) =>
  db
    .updateTable('sessions')
    .set({ ended_at: arg<number>('now'), end_reason: arg('reason') })
    .where('id', '=', arg('id'))
    .where('ended_at', 'is', null),
)

const liftSession = compileStatement<{ id: string; from: number; to: number }>((db, arg) =>
  db
    .updateTable('sessions')
    .set({ epoch: arg<number>('to') })
    .where('id', '=', arg('id'))
    .where('epoch', '=', arg<number>('from'))
    .where('ended_at', 'is', null),
)

interface LiveArguments {
  userId: string
  sessionEpoch: number
  usedAfter: number
  createdAfter: number
}

const live = sql<boolean>`ended_at IS NULL`

interface ListArguments extends LiveArguments {
  skip: number
}

export const listLiveSessions: Statement<ListArguments, SessionRow> = compileStatement((db, arg) =>
  db
    .selectFrom('sessions')
    .select(sessionColumns)
    .where('user_id', '=', arg('userId'))
    .where(live)
    .where('epoch', '>=', arg<number>('sessionEpoch'))
    .where('last_used_at', '>', arg<number>('usedAfter'))
    .where('created_at', '>', arg<number>('createdAfter'))
    // In the order of the index: whatever is dead with its epoch lies outside of what is read.
    .orderBy('epoch', 'desc')
    .orderBy('id', 'desc')
    .limit(literal(1_000))
    .offset(arg<number>('skip')),
)

export const countLiveSessions: Statement<LiveArguments, { count: number }> = compileStatement(
  (db, arg) =>
    db
      .selectFrom('sessions')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where('user_id', '=', arg('userId'))
      .where(live)
      .where('epoch', '>=', arg<number>('sessionEpoch'))
      .where('last_used_at', '>', arg<number>('usedAfter'))
      .where('created_at', '>', arg<number>('createdAfter')),
)

// Without an index on last_used_at, which every refresh would have to update: the table is walked in slices by id.
const sliceEnd = compileStatement<{ after: string; skipped: number }, { id: string }>((db, arg) =>
  db
    .selectFrom('sessions')
    .select('id')
    .where('id', '>', arg('after'))
    .orderBy('id')
    .limit(literal(1))
    .offset(arg<number>('skipped')),
)

const pruneSlice = compileStatement<{
  after: string
  until: string
  ended: number
  used: number
  created: number
}>((db, arg) =>
  db
    .deleteFrom('sessions')
    .where('id', '>', arg('after'))
    .where('id', '<=', arg('until'))
    .where(
      sql<boolean>`(ended_at < ${arg('ended')} OR last_used_at < ${arg('used')} OR created_at < ${arg('created')})`,
    ),
)

const lastId = '~'

export function createSessionStore(database: SqlDatabase): SessionStore {
  let prunedUntil = ''
  return {
    insertSession: async (session) => {
      await database.write(insertSession, toRow(session))
    },
    findSessionWithAccount: async (id) => {
      const row = await database.get(findSessionWithAccount, { id })
      return row && { session: toSession(row), account: toJoinedAccount(row) }
    },
    rotateSession: async (id, { seen, generation, parent, now }) =>
      (await database.writeRow(rotateSession, { id, seen, generation, parent, now })) === 1,
    endSession: async (id, reason, now) =>
      (await database.write(endSession, { id, reason, now })) === 1,
    liftSession: async (id, epoch) => (await database.write(liftSession, { id, ...epoch })) === 1,
    listLiveSessions: async (query) =>
      (await database.all(listLiveSessions, { skip: 0, ...query })).map(toSession),
    countLiveSessions: async (query) =>
      (await database.get(countLiveSessions, { ...query }))?.count ?? 0,
    pruneSessions: async ({ ended, used, created, limit }) => {
      const after = prunedUntil
      const until = (await database.get(sliceEnd, { after, skipped: limit - 1 }))?.id ?? lastId
      prunedUntil = until === lastId ? '' : until
      return database.write(pruneSlice, { after, until, ended, used, created })
    },
  }
}

function toRow(session: Session): SessionRow {
  return {
    id: session.id,
    user_id: session.userId,
    salt: session.salt,
    generation: session.generation,
    parent: session.parent,
    rotated_at: session.rotatedAt,
    created_at: session.createdAt,
    last_used_at: session.lastUsedAt,
    ended_at: session.endedAt,
    end_reason: session.endReason,
    epoch: session.epoch,
    user_agent: session.userAgent,
    ip: session.ip,
    amr: session.amr.join(' '),
    authenticated_at: session.authenticatedAt,
  }
}

function toSession(row: SessionRow): Session {
  return {
    id: row.id,
    userId: row.user_id,
    salt: row.salt,
    generation: row.generation,
    parent: row.parent,
    rotatedAt: row.rotated_at,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
    endedAt: row.ended_at,
    endReason: row.end_reason as EndReason | null,
    epoch: row.epoch,
    userAgent: row.user_agent,
    ip: row.ip,
    ...readAuthentication(row.amr, row.authenticated_at, row.created_at),
  }
}

function toJoinedAccount(row: JoinedRow) {
  if (row.account_id === null || row.account_deleted_at !== null) return undefined
  return toAccount({
    id: row.account_id,
    username: row.account_username,
    email: row.account_email,
    password_hash: row.account_password_hash ?? '',
    role: row.account_role ?? '',
    disabled: row.account_disabled ?? 1,
    session_epoch: row.account_session_epoch ?? 0,
    token_epoch: row.account_token_epoch ?? 0,
    created_at: row.account_created_at ?? 0,
    updated_at: row.account_updated_at ?? 0,
    verified_email_key: row.account_verified_email_key,
    factor_epoch: row.account_factor_epoch ?? 0,
  })
}
