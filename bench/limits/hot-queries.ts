// What a log-in, a refresh and a profile read ask of the store, each by 64 callers with keys drawn at random.
// Arguments: the database's settings as JSON, how many accounts there are, and for how many milliseconds each. Prints as
// JSON how often per second each was done.

import type { DatabaseSettings } from '../../packages/server/src/config/settings.ts'
import { systemClock } from '../../packages/server/src/foundation/clock.ts'
import { createIdSource } from '../../packages/server/src/foundation/ids.ts'
import { systemRandomness } from '../../packages/server/src/foundation/randomness.ts'
import { sampleSession } from '../../packages/server/src/stores/contract/subject.ts'
import { openStore } from '../../packages/server/src/stores/open-store.ts'
import { bulkId } from '../bulk-population.ts'

/** Per second, by query. */
export type HotQueryRates = Readonly<Record<string, number>>

const callers = 64
const database = JSON.parse(process.argv[2] ?? '') as DatabaseSettings
const [size = 0, turnMs = 0] = process.argv.slice(3).map(Number)
const store = await openStore({ database, migratesOnStart: true }, systemClock)
const newId = createIdSource(systemClock, systemRandomness)

/** Of the caller's own share: two who swap at once would be another story. */
function draw(caller: number): number {
  return 1 + caller + callers * Math.floor(Math.random() * Math.floor(size / callers))
}

function expect(isFound: boolean): void {
  if (!isFound) throw new Error('A row is not there, or a swap was lost')
}

const queries: Readonly<Record<string, (caller: number) => Promise<void>>> = {
  'account by id': async (caller) =>
    expect((await store.findAccount(bulkId(draw(caller)))) !== undefined),
  'account by name': async (caller) =>
    expect((await store.findAccountByUsername(`user-${draw(caller)}`)) !== undefined),
  'session with its account': async (caller) =>
    expect((await store.findSessionWithAccount(bulkId(draw(caller)))) !== undefined),
  'sessions of an account': async (caller) => {
    const userId = bulkId(draw(caller))
    const query = { userId, sessionEpoch: 0, usedAfter: 0, createdAfter: 0 }
    expect((await store.listLiveSessions(query)).length > 0)
  },
  'compare-and-swap of a session': async (caller) => {
    const id = bulkId(draw(caller))
    const seen = (await store.findSessionWithAccount(id))?.session.generation ?? 0
    const rotation = { seen, generation: seen + 1, parent: seen, now: systemClock() }
    expect(await store.rotateSession(id, rotation))
  },
  'a new session': async (caller) =>
    store.insertSession(sampleSession(bulkId(draw(caller)), { id: newId() })),
}

async function measure(act: (caller: number) => Promise<void>, ms: number): Promise<number> {
  let count = 0
  const started = performance.now()
  await Promise.all(
    Array.from({ length: callers }, async (_, caller) => {
      while (performance.now() - started < ms) {
        await act(caller)
        count++
        // An embedded database answers at once: the next caller's turn.
        if (database.kind === 'sqlite') await new Promise((resolve) => void setImmediate(resolve))
      }
    }),
  )
  return (count * 1000) / (performance.now() - started)
}

const rates: Record<string, number> = {}
for (const [name, act] of Object.entries(queries)) {
  // As long as the turn: at first each page is still to be mapped, and the code to be compiled.
  await measure(act, turnMs)
  rates[name] = await measure(act, turnMs)
}
console.log(JSON.stringify(rates satisfies HotQueryRates))
await store.close()
