// A factor is a row, and the sessions that end with it are the account's: two writes, between which a process can die and
// anybody can log in. Both happen here after every single operation of the store, on every database.

import assert from 'node:assert/strict'
import { createTestClock } from '../foundation/deterministic.fixture.ts'
import { testOnEveryDatabase } from '../stores/every-database.fixture.ts'
import { openStore } from '../stores/open-store.ts'
import type { Store } from '../stores/store.ts'
import {
  codeOf,
  codes,
  type FactorStage,
  setUpFactorChanges,
  totp,
} from './factor-changes.fixture.ts'

class Killed extends Error {}

/** The store; after each operation of an act that is watched, `then` is told how many there were. */
function watch(store: Store, then: (operations: number) => Promise<void>) {
  const watched = { operations: 0, isOn: false }
  const proxy = new Proxy(store, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return async (...values: unknown[]): Promise<unknown> => {
        if (!watched.isOn) return Reflect.apply(member, target, values)
        // Whoever is dead does nothing more.
        if (watched.operations < 0) throw new Killed()
        const result: unknown = await Reflect.apply(member, target, values)
        await then(++watched.operations)
        return result
      }
    },
  })
  return { proxy, watched }
}

type Act = (stage: FactorStage, own: Awaited<ReturnType<FactorStage['signIn']>>) => Promise<object>

interface Change {
  /** What is there before. */
  readonly prepare: (stage: FactorStage) => Promise<unknown>
  readonly act: Act
}

const changes: Readonly<Record<string, Change>> = {
  'is added': {
    prepare: async () => undefined,
    act: ({ add }, own) => add({ principal: own }),
  },
  'steps into the place of another': {
    prepare: async ({ add, signIn }) => add({ principal: await signIn() }),
    act: ({ add }, own) => add({ principal: own }, { ...totp, secret: 'other', replaces: true }),
  },
  'is the first of a log-in that waits': {
    prepare: async ({ policy }) => {
      policy.isRequired = true
    },
    act: async ({ add, begin }) => add({ principal: undefined, mfaToken: await begin() }),
  },
  'is removed, the last one with its codes': {
    prepare: async ({ add, signIn }) => {
      await add({ principal: await signIn() })
      await add({ principal: await signIn() }, codes)
    },
    act: async ({ remove, living }, own) => {
      const factor = (await living()).find(({ kind }) => kind === 'totp')
      return remove(own, factor ?? assert.fail())
    },
  },
}

for (const [name, { prepare, act }] of Object.entries(changes)) {
  await testOnEveryDatabase(
    `whatever ends the process while a factor ${name}, no other session outlives the change`,
    async (t, database) => {
      const clock = createTestClock()
      const store = await openStore({ database: database.settings, migratesOnStart: true }, clock)
      t.after(() => store.close())
      for (let last = 1, isWhole = false; !isWhole; last++) {
        const { proxy, watched } = watch(store, async (operations) => {
          if (operations < last) return
          watched.operations = Number.NEGATIVE_INFINITY
          throw new Killed()
        })
        const stage = await setUpFactorChanges(t, { store, id: `ada${last}`, change: () => proxy })
        await prepare(stage)
        const [own, other] = [await stage.signIn(), await stage.signIn()]
        const before = await stage.living()
        watched.isOn = true
        const answer = await act(stage, own).catch((error: unknown) => {
          assert.ok(error instanceof Killed, String(error))
          return undefined
        })
        isWhole = answer !== undefined
        const isChanged = JSON.stringify(await stage.living()) !== JSON.stringify(before)
        const survives = await stage.isAlive(other.sessionId)
        assert.ok(!(isChanged && survives), `killed after operation ${last}`)
        if (isWhole) assert.deepEqual([isChanged, survives], [true, false])
      }
    },
  )
}

await testOnEveryDatabase(
  'whoever logs in with the password alone while the first factor is added has no session afterwards',
  async (t, database) => {
    const clock = createTestClock()
    const store = await openStore({ database: database.settings, migratesOnStart: true }, clock)
    t.after(() => store.close())
    const outcomes = new Set<string>()
    for (let moment = 1, isPast = false; !isPast; moment++) {
      let isReached = false
      const { proxy, watched } = watch(store, async (operations) => {
        if (operations !== moment) return
        isReached = true
        watched.isOn = false
        outcomes.add(codeOf(await stage.logIn()))
        watched.isOn = true
      })
      const stage = await setUpFactorChanges(t, { store, id: `ada${moment}`, change: () => proxy })
      const own = await stage.signIn()
      watched.isOn = true
      assert.equal(codeOf(await stage.add({ principal: own })), 'done', `moment ${moment}`)
      const { sessionEpoch = 0 } = (await store.findAccount(stage.account.id)) ?? {}
      const live = { userId: stage.account.id, sessionEpoch, usedAfter: 0, createdAfter: 0 }
      const sessions = await store.listLiveSessions(live)
      assert.deepEqual(
        sessions.map(({ id }) => id),
        [own.sessionId],
        `moment ${moment}`,
      )
      isPast = !isReached
    }
    assert.deepEqual([...outcomes].toSorted(), ['done', 'mfa_required'])
  },
)
