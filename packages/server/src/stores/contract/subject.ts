// The store contract: what every implementation of Store must do, as cases that run. This folder owns the cases, one
// file a domain; the door store-contract.ts hands them to node:test. A case begins with an empty database.

import type { Account } from '../../accounts/account.ts'
import type { AuditEvent } from '../../audit/event.ts'
import type { Challenge } from '../../challenges/store.ts'
import type { Factor } from '../../factors/factor.ts'
import { createIdSource, type IdSource } from '../../foundation/ids.ts'
import { systemRandomness } from '../../foundation/randomness.ts'
import type { QueuedMail } from '../../mail/store.ts'
import type { Session } from '../../sessions/session.ts'
import type { Store } from '../store.ts'

export interface ContractSubject {
  readonly store: Store
  /** A second handle on the same database, or the same handle where the database allows only one. */
  readonly other: Store
  /** Opens a handle that the case closes itself; undefined where the database allows only one. */
  readonly openAnother: (() => Promise<Store>) | undefined
}

/** Sentences about behaviour, each with what proves it. */
export type ContractCases = Readonly<Record<string, (subject: ContractSubject) => Promise<void>>>

/** When the cases happen: a time of today's size. */
export const start = 1_790_000_000_000

let idTime = start
/** Ids in the order in which they were asked for. */
export const newId: IdSource = createIdSource(() => ++idTime, systemRandomness)

export function sampleAccount(facts: Partial<Account> = {}): Account {
  const id = facts.id ?? newId()
  return {
    id,
    username: `user-${id}`,
    email: null,
    verifiedEmailKey: null,
    passwordHash: '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA',
    role: 'user',
    disabled: false,
    sessionEpoch: 0,
    tokenEpoch: 0,
    factorEpoch: 0,
    createdAt: start,
    updatedAt: start,
    ...facts,
  }
}

export function sampleSession(userId: string, facts: Partial<Session> = {}): Session {
  return {
    id: newId(),
    userId,
    salt: new Uint8Array(systemRandomness(16)),
    generation: 1,
    parent: null,
    rotatedAt: start,
    createdAt: start,
    lastUsedAt: start,
    endedAt: null,
    endReason: null,
    epoch: 0,
    userAgent: null,
    ip: null,
    amr: ['pwd'],
    authenticatedAt: start,
    ...facts,
  }
}

export function sampleEvent(facts: Partial<AuditEvent> = {}): AuditEvent {
  return {
    id: newId(),
    at: start,
    type: 'sign_in.succeeded',
    actorId: null,
    subjectId: null,
    sessionId: null,
    ip: null,
    userAgent: null,
    requestId: null,
    detail: {},
    ...facts,
  }
}

export function sampleFactor(userId: string, facts: Partial<Factor> = {}): Factor {
  return {
    id: newId(),
    userId,
    kind: 'totp',
    name: 'Phone',
    epoch: 0,
    externalId: null,
    secret: 'sealed',
    counter: 0,
    createdAt: start,
    lastUsedAt: null,
    ...facts,
  }
}

export function sampleChallenge(facts: Partial<Challenge> = {}): Challenge {
  const sample = { kind: 'code', id: 'a', subject: null, payload: 'hash', attempts: 0 }
  return { ...sample, expiresAt: start + 60_000, ...facts }
}

export function sampleMail(facts: Partial<QueuedMail> = {}): QueuedMail {
  const times = { dueAt: start, createdAt: start, expiresAt: start + 60_000 }
  return { id: newId(), kind: 'notice', payload: 'sealed', attempts: 0, ...times, ...facts }
}

export async function insertAccount(store: Store, facts: Partial<Account> = {}): Promise<Account> {
  const account = sampleAccount(facts)
  const result = await store.insertAccount(account, account.username.toLowerCase())
  if (result !== 'inserted') throw new Error(`The name ${account.username} is taken`)
  return account
}

export async function insertSession(
  store: Store,
  userId: string,
  facts: Partial<Session> = {},
): Promise<Session> {
  const session = sampleSession(userId, facts)
  await store.insertSession(session)
  return session
}

/** Runs the act so many times at once, by turns on both handles. */
export function race<T>(
  { store, other }: ContractSubject,
  times: number,
  act: (store: Store, turn: number) => Promise<T>,
): Promise<T[]> {
  return Promise.all(
    Array.from({ length: times }, (_, turn) => act(turn % 2 === 0 ? store : other, turn)),
  )
}

/** Lets timers and sockets have their turn: a store that answers at once would starve them in a loop. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

export function countOf<T>(values: readonly T[], wanted: T): number {
  return values.filter((value) => value === wanted).length
}

/** Prunes slice after slice until everything was looked at; the number of rows that went. */
export async function pruneAll(
  prune: (limit: number) => Promise<number>,
  limit: number,
  rows: number,
): Promise<number> {
  let pruned = 0
  // A store may look at a slice a call, and start in the middle.
  for (let calls = 0; calls < 2 * Math.ceil(rows / limit) + 4; calls++) {
    const count = await prune(limit)
    if (count > limit) throw new Error(`${count} rows were deleted with a limit of ${limit}`)
    pruned += count
  }
  return pruned
}

/** Text that some database, driver or encoding has got wrong before. None holds U+0000, which none may store. */
export const oddTexts: readonly string[] = [
  `O'Brien "quoted" \\ back\\slash`,
  '100%_sure.*[a-z]+(?i)',
  '{"$gt": ""} $where __proto__',
  "'; DROP TABLE users; --",
  'Straße ﬀ Å Å İstanbul',
  '日本語 العربية עברית ไทย',
  '👩‍👩‍👧‍👦 🏳️‍🌈 𝒳',
  ' leading, trailing and \t\r\n inside ',
  '\u200b\u202e\ufeff\u2028\u2029',
  '\u0001\u001f\u007f\u0080\u009f',
]
