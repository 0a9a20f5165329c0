import { type EndReason, readAuthentication, type Session } from '../../sessions/session.ts'
import type { LiveSessionQuery, SessionStore } from '../../sessions/store.ts'
import { toAccount } from './account-store.ts'
import type { Collections, SessionDocument } from './documents.ts'
import { bounded } from './time-limit.ts'

function alive(id: string) {
  return { _id: id, hasEnded: 0 }
}

export function createSessionStore({
  accounts,
  sessions,
}: Pick<Collections, 'accounts' | 'sessions'>): SessionStore {
  const changeOne = async (filter: object, $set: Partial<SessionDocument>): Promise<boolean> => {
    const { matchedCount } = await sessions.updateOne(filter, { $set }, bounded)
    return matchedCount === 1
  }
  const prune = createPruning(sessions)
  return {
    insertSession: async (session) => {
      await sessions.insertOne(toDocument(session), bounded)
    },
    findSessionWithAccount: async (id) => {
      // The account is read last: whatever revoked the session meanwhile is seen, as it would be in one query.
      const session = await sessions.findOne({ _id: id }, bounded)
      if (session === null) return undefined
      const account = await accounts.findOne({ _id: session.userId, isDeleted: 0 }, bounded)
      return { session: toSession(session), account: account ? toAccount(account) : undefined }
    },
    rotateSession: (id, { seen, generation, parent, now }) =>
      changeOne(
        { ...alive(id), generation: seen },
        {
          generation: integer(generation),
          parent: integer(parent),
          rotatedAt: integer(now),
          lastUsedAt: integer(now),
        },
      ),
    endSession: (id, reason, now) =>
      changeOne(alive(id), { hasEnded: 1, endedAt: now, endReason: reason }),
    liftSession: (id, { from, to }) => changeOne({ ...alive(id), epoch: from }, { epoch: to }),
    listLiveSessions: async (query) => {
      const newest = sessions.find(liveFilter(query), bounded).sort({ epoch: -1, _id: -1 })
      const found = newest.skip(query.skip ?? 0).limit(1_000)
      return (await found.toArray()).map(toSession)
    },
    countLiveSessions: (query) => sessions.countDocuments(liveFilter(query), bounded),
    pruneSessions: prune,
  }
}

function liveFilter({ userId, sessionEpoch, usedAfter, createdAfter }: LiveSessionQuery) {
  return {
    userId,
    hasEnded: 0,
    epoch: { $gte: sessionEpoch },
    lastUsedAt: { $gt: usedAfter },
    createdAt: { $gt: createdAfter },
  }
}

// The driver writes large numbers as doubles, and NX-27017 keeps fifteen digits of a double that it sets. As a bigint it
// becomes a 64-bit integer, which compares with doubles and is read back as a number.
function integer(value: number): number {
  return BigInt(value) as unknown as number
}

const lastId = '~'

// Without an index on lastUsedAt, which every refresh would have to update: the collection is walked in slices by id.
function createPruning(sessions: Collections['sessions']): SessionStore['pruneSessions'] {
  let prunedUntil = ''
  return async ({ ended, used, created, limit }) => {
    const after = prunedUntil
    const next = sessions.find({ _id: { $gt: after } }, { ...bounded, projection: { _id: 1 } })
    const [end] = await next
      .sort({ _id: 1 })
      .skip(limit - 1)
      .limit(1)
      .toArray()
    const { _id: until = lastId } = end ?? {}
    prunedUntil = end === undefined ? '' : until
    const slice = { _id: { $gt: after, $lte: until } }
    let pruned = 0
    for (const over of [
      { endedAt: { $lt: ended } },
      { lastUsedAt: { $lt: used } },
      { createdAt: { $lt: created } },
    ]) {
      pruned += (await sessions.deleteMany({ ...slice, ...over }, bounded)).deletedCount
    }
    return pruned
  }
}

function toDocument(session: Session): SessionDocument {
  return {
    _id: session.id,
    userId: session.userId,
    salt: Buffer.from(session.salt).toString('base64url'),
    generation: session.generation,
    parent: session.parent,
    rotatedAt: session.rotatedAt,
    createdAt: session.createdAt,
    lastUsedAt: session.lastUsedAt,
    hasEnded: Number(session.endedAt !== null),
    ...(session.endedAt !== null && { endedAt: session.endedAt }),
    ...(session.endReason !== null && { endReason: session.endReason }),
    epoch: session.epoch,
    userAgent: session.userAgent,
    ip: session.ip,
    amr: session.amr.join(' '),
    authenticatedAt: session.authenticatedAt,
  }
}

function toSession({ _id: id, ...document }: SessionDocument): Session {
  return {
    id,
    userId: document.userId,
    salt: Buffer.from(document.salt, 'base64url'),
    generation: document.generation,
    parent: document.parent,
    rotatedAt: document.rotatedAt,
    createdAt: document.createdAt,
    lastUsedAt: document.lastUsedAt,
    endedAt: document.endedAt ?? null,
    endReason: (document.endReason ?? null) as EndReason | null,
    epoch: document.epoch,
    userAgent: document.userAgent,
    ip: document.ip,
    ...readAuthentication(document.amr, document.authenticatedAt, document.createdAt),
  }
}
