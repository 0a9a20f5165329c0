import assert from 'node:assert/strict'
import type { Revocation } from '../../revocation/store.ts'
import type { Store } from '../store.ts'
import {
  breathe,
  type ContractCases,
  insertAccount,
  insertSession,
  newId,
  race,
  start,
} from './subject.ts'

const later = start + 5_000

export const revocationCases: ContractCases = {
  'nothing is revoked by what was only created or used': async ({ store }) => {
    const ada = await insertAccount(store)
    const { id } = await insertSession(store, ada.id)
    await store.rotateSession(id, { seen: 1, generation: 2, parent: 1, now: later })
    await store.changeProfile(ada.id, { email: 'a@example.com' }, later)
    await store.replaceHash(ada.id, ada.passwordHash, 'rehashed')
    assert.deepEqual(await store.findRevocations(0), [])
  },

  'a session that ended is reported with its time': async ({ store, other }) => {
    const { id } = await insertSession(store, newId())
    await store.endSession(id, 'signed_out', later)
    const expected = [{ kind: 'session', sessionId: id, at: later }]
    assert.deepEqual(await other.findRevocations(0), expected)
    await store.endSession(id, 'signed_out', later + 9)
    assert.deepEqual(await other.findRevocations(0), expected)
  },

  'every act that raises the token epoch is reported with the new epoch': async ({ store }) => {
    const acts: Readonly<Record<string, (id: string) => Promise<unknown>>> = {
      password: (id) => store.changePassword(id, { to: 'new' }, later),
      role: (id) => store.changeStanding(id, { role: 'admin' }, later),
      disable: (id) => store.changeStanding(id, { disabled: true }, later),
      everywhere: (id) => store.raiseEpochs(id, later),
      delete: (id) => store.deleteAccount(id, later),
    }
    for (const [name, act] of Object.entries(acts)) {
      const { id } = await insertAccount(store, { tokenEpoch: 4 })
      await act(id)
      const found = (await store.findRevocations(later)).filter((entry) => subjectOf(entry) === id)
      assert.equal(found.length, 1, name)
      assert.deepEqual(found[0], { kind: 'subject', subject: id, epoch: 5, at: later }, name)
    }
  },

  'enabling again reports nothing new': async ({ store }) => {
    const { id } = await insertAccount(store)
    await store.changeStanding(id, { disabled: true }, later)
    await store.changeStanding(id, { disabled: false }, later + 1_000)
    assert.deepEqual(await store.findRevocations(later + 1), [])
    assert.equal((await store.findRevocations(later)).length, 1)
  },

  'a later act moves the report, and the epoch never falls': async ({ store }) => {
    const { id } = await insertAccount(store)
    await store.raiseEpochs(id, later)
    await store.changeStanding(id, { role: 'admin' }, later + 10)
    const expected = { kind: 'subject', subject: id, epoch: 2, at: later + 10 }
    assert.deepEqual(await store.findRevocations(0), [expected])
    assert.deepEqual(await store.findRevocations(later + 5), [expected])
  },

  'the window begins with the time that is asked for': async ({ store }) => {
    for (const at of [later - 1, later, later + 1]) {
      const { id: userId } = await insertAccount(store)
      const { id } = await insertSession(store, userId)
      await store.endSession(id, 'theft', at)
      await store.raiseEpochs(userId, at)
    }
    const timesSince = async (since: number) =>
      (await store.findRevocations(since)).map(({ at }) => at).sort((a, b) => a - b)
    assert.deepEqual(await timesSince(later), [later, later, later + 1, later + 1])
    assert.deepEqual(await timesSince(later + 2), [])
    assert.equal((await timesSince(0)).length, 6)
    assert.deepEqual(await timesSince(later), await timesSince(later), 'asking changes nothing')
  },

  'windows that overlap miss nothing that commits while they are read': async (subject) => {
    const ids = await race(subject, 40, async (store) => (await insertSession(store, newId())).id)
    const seen = new Set<string>()
    let isDone = false
    const follow = async (): Promise<void> => {
      let since = 0
      // One more after the end, as a follower goes on.
      for (let isLast = false; !isLast; ) {
        isLast = isDone
        await breathe()
        const now = later + seen.size
        for (const id of await endedSince(subject.other, since)) seen.add(id)
        since = now - 10_000
      }
    }
    const endAll = async (): Promise<void> => {
      await race(subject, 40, (store, turn) => store.endSession(ids[turn] ?? '', 'theft', later))
      isDone = true
    }
    await Promise.all([follow(), endAll()])
    assert.deepEqual([...seen].sort(), ids.toSorted())
  },
}

function subjectOf(entry: Revocation): string | undefined {
  return entry.kind === 'subject' ? entry.subject : undefined
}

async function endedSince(store: Store, since: number): Promise<string[]> {
  return (await store.findRevocations(since)).flatMap((entry) =>
    entry.kind === 'session' ? [entry.sessionId] : [],
  )
}
