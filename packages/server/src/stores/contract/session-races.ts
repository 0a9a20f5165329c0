import assert from 'node:assert/strict'
import {
  breathe,
  type ContractCases,
  countOf,
  insertAccount,
  insertSession,
  race,
  start,
} from './subject.ts'

const later = start + 5_000

export const sessionRaces: ContractCases = {
  'of 50 rotations that saw one generation, one happens': async (subject) => {
    const { id } = await insertSession(subject.store, 'nobody')
    for (let seen = 1; seen <= 5; seen++) {
      const results = await race(subject, 50, (store, turn) =>
        store.rotateSession(id, { seen, generation: seen + 1, parent: seen, now: start + turn }),
      )
      assert.equal(countOf(results, true), 1)
      const found = await subject.other.findSessionWithAccount(id)
      assert.equal(found?.session.generation, seen + 1)
      assert.equal(found?.session.rotatedAt, start + results.indexOf(true))
      assert.equal(found?.session.lastUsedAt, found?.session.rotatedAt)
    }
  },

  'of 20 that end one session at once, one does, and its reason stays': async (subject) => {
    const { id } = await insertSession(subject.store, 'nobody')
    const reasons = ['theft', 'signed_out'] as const
    const results = await race(subject, 20, (store, turn) =>
      store.endSession(id, reasons[turn % 2] ?? 'theft', later + turn),
    )
    assert.equal(countOf(results, true), 1)
    const { session } = (await subject.other.findSessionWithAccount(id)) ?? {}
    assert.equal(session?.endedAt, later + results.indexOf(true))
    assert.equal(session?.endReason, reasons[results.indexOf(true) % 2])
  },

  'a rotation that follows an end does not happen, whichever handle it comes by': async (
    subject,
  ) => {
    for (let round = 0; round < 10; round++) {
      const { id } = await insertSession(subject.store, 'nobody')
      let seen = 1
      const rotateOn = async (): Promise<void> => {
        const now = later
        while (
          await subject.store.rotateSession(id, { seen, generation: seen + 1, parent: seen, now })
        ) {
          seen++
        }
      }
      const [, hasEnded] = await Promise.all([
        rotateOn(),
        subject.other.endSession(id, 'theft', later),
      ])
      assert.equal(hasEnded, true)
      const found = await subject.store.findSessionWithAccount(id)
      assert.equal(found?.session.generation, seen, 'what was acknowledged is what is stored')
      assert.equal(found?.session.endedAt, later)
    }
  },

  'a session is read in one piece while it rotates': async (subject) => {
    const { id } = await insertSession(subject.store, 'nobody')
    let isDone = false
    const rotateAll = async (): Promise<void> => {
      for (let seen = 1; seen <= 40; seen++) {
        const now = start + seen
        const rotation = { seen, generation: seen + 1, parent: seen, now }
        assert.equal(await subject.store.rotateSession(id, rotation), true)
      }
      isDone = true
    }
    const readAll = async (): Promise<void> => {
      while (!isDone) {
        await breathe()
        const { session } = (await subject.other.findSessionWithAccount(id)) ?? {}
        if (session === undefined || session.parent === null) continue
        assert.equal(session.parent, session.generation - 1)
        assert.equal(session.rotatedAt, start + session.parent)
        assert.equal(session.lastUsedAt, session.rotatedAt)
      }
    }
    await Promise.all([rotateAll(), readAll()])
  },

  'an answer to one handle is there for the other at once': async ({ store, other }) => {
    for (let round = 0; round < 20; round++) {
      const ada = await insertAccount(store)
      const { id } = await insertSession(other, ada.id)
      const found = await store.findSessionWithAccount(id)
      assert.equal(found?.account?.id, ada.id)
      await store.rotateSession(id, { seen: 1, generation: 2, parent: 1, now: later })
      assert.equal((await other.findSessionWithAccount(id))?.session.generation, 2)
      await other.raiseEpochs(ada.id, later)
      assert.equal((await store.findSessionWithAccount(id))?.account?.sessionEpoch, 1)
    }
  },
}
