// Prints how many bytes so many live revocations keep: from the database, and as other instances announce them.
// Needs --expose-gc. Argument: how many.

import assert from 'node:assert/strict'
import type { Bus } from '../bus/bus.ts'
import { systemClock } from '../foundation/clock.ts'
import { createIdSource } from '../foundation/ids.ts'
import { systemRandomness } from '../foundation/randomness.ts'
import { hearRevocations } from './announce-revocations.ts'
import { LiveRevocations } from './live-revocations.ts'

const count = Number(process.argv[2])
const newId = createIdSource(systemClock, systemRandomness)
const live = new LiveRevocations(systemClock, 1_020_000)
let announce: (message: string) => void = () => undefined
const bus: Bus = {
  isConnected: () => true,
  publish: async () => undefined,
  subscribe: (listener) => {
    announce = listener
    return () => undefined
  },
  close: async () => undefined,
}
hearRevocations(bus, live, systemClock)

/** As it comes off a socket: flat, and nobody else's. */
function text(words: string): string {
  return Buffer.from(words).toString()
}

function used(): number {
  assert.ok(globalThis.gc)
  for (let turn = 0; turn < 3; turn++) globalThis.gc()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

const before = used()
for (let index = 0; index < count; index += 4) {
  live.note({ kind: 'session', sessionId: text(newId()), at: systemClock() })
  live.note({ kind: 'subject', subject: text(newId()), epoch: 1, at: systemClock() })
  announce(text(`session ${newId()}`))
  announce(text(`subject ${newId()} 1`))
}
console.log(used() - before)
assert.equal(live.size, count)
