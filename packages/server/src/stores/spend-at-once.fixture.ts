// A process that spends: for each line it reads it spends the item of that name ten times at once, and prints how many
// of them succeeded. Argument: the database's settings as JSON.

import { createInterface } from 'node:readline'
import type { DatabaseSettings } from '../config/settings.ts'
import { systemClock } from '../foundation/clock.ts'
import { openStore } from './open-store.ts'

const database = JSON.parse(process.argv[2] ?? '') as DatabaseSettings
const store = await openStore({ database, migratesOnStart: true }, systemClock)
console.log('ready')
for await (const item of createInterface({ input: process.stdin })) {
  const now = systemClock()
  const results = await Promise.all(
    Array.from({ length: 10 }, () => store.consumeOnce('code', item, now + 60_000, now)),
  )
  console.log(results.filter(Boolean).length)
}
await store.close()
