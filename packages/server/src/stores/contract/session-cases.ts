import assert from 'node:assert/strict'
import type { Session } from '../../sessions/session.ts'
import type { Store } from '../store.ts'
import {
  type ContractCases,
  insertAccount,
  insertSession,
  newId,
  oddTexts,
  pruneAll,
  sampleSession,
  start,
} from './subject.ts'

const later = start + 5_000

export const sessionCases: ContractCases = {
  'a session is found with its account, every field as it was': async ({ store, other }) => {
    const ada = await insertAccount(store, { email: 'ada@example.com', role: 'admin' })
    const session = sampleSession(ada.id, {
      salt: new Uint8Array([0, 1, 127, 128, 255, 0, 10, 13, 39, 92, 0, 0, 200, 3, 4, 0]),
      generation: 7,
      parent: 6,
      rotatedAt: start + 1,
      createdAt: start - 2,
      lastUsedAt: start + 3,
      epoch: 4,
      userAgent: 'Mozilla/5.0',
      ip: '2001:db8::1',
    })
    await store.insertSession(session)
    for (const handle of [store, other]) {
      const found = await handle.findSessionWithAccount(session.id)
      assert.ok(found?.session.salt instanceof Uint8Array)
      assertSession(found.session, session)
      assert.deepEqual(found.account, ada)
    }
    assert.equal(await store.findSessionWithAccount(newId()), undefined)
  },

  'a session whose account never was comes alone': async ({ store }) => {
    const session = await insertSession(store, newId())
    const found = await store.findSessionWithAccount(session.id)
    assert.equal(found?.account, undefined)
    assertSession(found?.session, session)
  },

  'a session id is used once': async ({ store }) => {
    const session = await insertSession(store, newId())
    await assert.rejects(store.insertSession(sampleSession(newId(), { id: session.id })))
    assertSession((await store.findSessionWithAccount(session.id))?.session, session)
  },

  'the client of a session is kept as it said itself to be': async ({ store }) => {
    const { id: userId } = await insertAccount(store)
    for (const text of [...oddTexts, '', 'x'.repeat(5_000)]) {
      const session = await insertSession(store, userId, { userAgent: text, ip: text })
      assertSession((await store.findSessionWithAccount(session.id))?.session, session)
    }
  },

  'generations and times up to 2^53-1 lose no digit': async ({ store }) => {
    const largest = Number.MAX_SAFE_INTEGER
    const session = await insertSession(store, newId(), {
      generation: largest - 1,
      parent: largest - 2,
      rotatedAt: largest - 3,
      createdAt: largest - 4,
      lastUsedAt: largest - 5,
      epoch: largest - 6,
    })
    assertSession((await store.findSessionWithAccount(session.id))?.session, session)
    const rotation = { seen: largest - 1, generation: largest, parent: largest - 1, now: largest }
    assert.equal(await store.rotateSession(session.id, { ...rotation, seen: largest - 2 }), false)
    assert.equal(await store.rotateSession(session.id, { ...rotation, seen: largest }), false)
    assert.equal(await store.rotateSession(session.id, rotation), true)
    const found = await store.findSessionWithAccount(session.id)
    assertSession(found?.session, {
      ...session,
      generation: largest,
      parent: largest - 1,
      rotatedAt: largest,
      lastUsedAt: largest,
    })
  },

  'a rotation happens while the generation is the one that was seen': async ({ store, other }) => {
    const session = await insertSession(store, newId())
    const rotation = { seen: 1, generation: 2, parent: 1, now: later }
    assert.equal(await store.rotateSession(session.id, rotation), true)
    const rotated = { ...session, generation: 2, parent: 1, rotatedAt: later, lastUsedAt: later }
    assertSession((await other.findSessionWithAccount(session.id))?.session, rotated)
    const stale = { ...rotation, now: later + 1 }
    assert.equal(await other.rotateSession(session.id, stale), false)
    assert.equal(await store.rotateSession(newId(), stale), false)
    assertSession((await store.findSessionWithAccount(session.id))?.session, rotated)
    // A restored backup: the generation jumps.
    const jump = { seen: 2, generation: 40, parent: 39, now: later + 2 }
    assert.equal(await other.rotateSession(session.id, jump), true)
    assert.equal((await store.findSessionWithAccount(session.id))?.session.generation, 40)
  },

  'a session ends once, and what ended stays as it was': async ({ store, other }) => {
    const session = await insertSession(store, newId())
    assert.equal(await store.endSession(session.id, 'theft', later), true)
    const ended = { ...session, endedAt: later, endReason: 'theft' as const }
    assertSession((await other.findSessionWithAccount(session.id))?.session, ended)
    assert.equal(await other.endSession(session.id, 'signed_out', later + 1), false)
    const rotation = { seen: 1, generation: 2, parent: 1, now: later + 2 }
    assert.equal(await store.rotateSession(session.id, rotation), false)
    assert.equal(await store.liftSession(session.id, { from: 0, to: 9 }), false)
    assertSession((await store.findSessionWithAccount(session.id))?.session, ended)
    assert.equal(await store.endSession(newId(), 'theft', later), false)
  },

  'every reason for an end is kept': async ({ store }) => {
    const reasons = [
      'signed_out',
      'ended_by_user',
      'ended_by_admin',
      'replaced',
      'too_weak',
      'theft',
    ] as const
    for (const reason of reasons) {
      const { id } = await insertSession(store, newId())
      await store.endSession(id, reason, later)
      assert.equal((await store.findSessionWithAccount(id))?.session.endReason, reason)
    }
  },

  'a session is lifted from the epoch it stands at, and from no other': async ({ store }) => {
    const session = await insertSession(store, newId(), { epoch: 3 })
    for (const from of [2, 4]) {
      assert.equal(await store.liftSession(session.id, { from, to: 5 }), false)
      assertSession((await store.findSessionWithAccount(session.id))?.session, session)
    }
    assert.equal(await store.liftSession(session.id, { from: 3, to: 5 }), true)
    const lifted = { ...session, epoch: 5 }
    assertSession((await store.findSessionWithAccount(session.id))?.session, lifted)
    assert.equal(await store.liftSession(newId(), { from: 3, to: 5 }), false)
  },
}

const everything = { sessionEpoch: 0, usedAfter: 0, createdAfter: 0 }

export const sessionListCases: ContractCases = {
  'the live sessions of a user are listed, newest first, and counted': async ({ store }) => {
    const { id: userId } = await insertAccount(store)
    const sessions: Session[] = []
    for (let count = 0; count < 4; count++) sessions.push(await insertSession(store, userId))
    await insertSession(store, newId())
    const query = { ...everything, userId }
    const listed = await store.listLiveSessions(query)
    assert.equal(await store.countLiveSessions(query), 4)
    assert.equal(listed.length, 4)
    for (const [index, session] of sessions.toReversed().entries()) {
      assertSession(listed[index], session)
    }
    const nobody = { ...everything, userId: newId() }
    assert.deepEqual(await store.listLiveSessions(nobody), [])
    assert.equal(await store.countLiveSessions(nobody), 0)
  },

  'sessions that ended, are over or of an earlier epoch are not live': async ({ store }) => {
    const { id: userId } = await insertAccount(store)
    const query = { userId, sessionEpoch: 2, usedAfter: start - 10, createdAfter: start - 20 }
    const alive = await insertSession(store, userId, { epoch: 2 })
    const younger = await insertSession(store, userId, { epoch: 3, lastUsedAt: start - 9 })
    const oldest = await insertSession(store, userId, { epoch: 2, createdAt: start - 19 })
    const ended = await insertSession(store, userId, { epoch: 2 })
    await store.endSession(ended.id, 'signed_out', later)
    await insertSession(store, userId, { epoch: 1 })
    await insertSession(store, userId, { epoch: 2, lastUsedAt: start - 10 })
    await insertSession(store, userId, { epoch: 2, createdAt: start - 20 })
    assert.deepEqual((await store.listLiveSessions(query)).map(idOf), [
      younger.id,
      oldest.id,
      alive.id,
    ])
    assert.equal(await store.countLiveSessions(query), 3)
  },

  'a list of sessions ends at 1,000, and the count does not': async ({ store }) => {
    const { id: userId } = await insertAccount(store)
    const inserted = await Promise.all(
      Array.from({ length: 1_003 }, () => insertSession(store, userId)),
    )
    const query = { ...everything, userId }
    const newest = inserted.map(idOf).sort().toReversed().slice(0, 1_000)
    assert.deepEqual((await store.listLiveSessions(query)).map(idOf), newest)
    assert.equal(await store.countLiveSessions(query), 1_003)
    const oldest = inserted.map(idOf).sort().toReversed().slice(1_000)
    assert.deepEqual((await store.listLiveSessions({ ...query, skip: 1_000 })).map(idOf), oldest)
    assert.deepEqual(await store.listLiveSessions({ ...query, skip: 1_003 }), [])
  },

  'pruning deletes what is over, no more than the limit a call, and nothing else': async (
    subject,
  ) => {
    const { store } = subject
    const userId = newId()
    const before = { ended: start, used: start - 100, created: start - 1_000 }
    const kept = await insertKeptSessions(store, userId)
    const over = await insertOverSessions(store, userId)
    const pruned = await pruneAll(
      (limit) => store.pruneSessions({ ...before, limit }),
      3,
      kept.length + over.length,
    )
    assert.equal(pruned, over.length)
    for (const id of over) assert.equal(await store.findSessionWithAccount(id), undefined)
    for (const id of kept) assert.ok(await store.findSessionWithAccount(id))
  },
}

async function insertKeptSessions(store: Store, userId: string): Promise<string[]> {
  const kept = [
    await insertSession(store, userId),
    await insertSession(store, userId, { endedAt: start, endReason: 'theft' }),
    await insertSession(store, userId, { lastUsedAt: start - 100 }),
    await insertSession(store, userId, { createdAt: start - 1_000 }),
  ]
  return kept.map(idOf)
}

async function insertOverSessions(store: Store, userId: string): Promise<string[]> {
  const over: Session[] = []
  for (let count = 0; count < 5; count++) {
    over.push(
      await insertSession(store, userId, { endedAt: start - 1, endReason: 'signed_out' }),
      await insertSession(store, userId, { lastUsedAt: start - 101 }),
      await insertSession(store, userId, { createdAt: start - 1_001 }),
    )
  }
  return over.map(idOf)
}

function idOf({ id }: Session): string {
  return id
}

// Drivers have their own kinds of byte arrays: the bytes count.
function assertSession(actual: Session | undefined, expected: Session): void {
  assert.deepEqual(actual && withPlainSalt(actual), withPlainSalt(expected))
}

function withPlainSalt(session: Session): object {
  return { ...session, salt: Buffer.from(session.salt).toString('hex') }
}
