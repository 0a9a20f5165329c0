// Argon2id with nothing around it, as many at once as the server runs: what hashing alone costs.
// Arguments: how many at once, and for how many seconds. Prints hashes per second.

import { randomBytes } from 'node:crypto'
import { hashRaw } from '@node-rs/argon2'
import {
  defaultArgon2id,
  hashBytes,
  saltBytes,
} from '../../packages/server/src/passwords/argon2id.ts'
import { password } from '../population.ts'

const [concurrency = 1, seconds = 1] = process.argv.slice(2).map(Number)
const { memoryKib, iterations, parallelism } = defaultArgon2id
const options = {
  // Algorithm.Argon2id; the package's enum exists in its types alone.
  algorithm: 2,
  memoryCost: memoryKib,
  timeCost: iterations,
  parallelism,
  outputLen: hashBytes,
}

const started = performance.now()
const end = started + seconds * 1000
let hashes = 0

async function work(): Promise<void> {
  while (performance.now() < end) {
    await hashRaw(password, { ...options, salt: randomBytes(saltBytes) })
    hashes++
  }
}

await Promise.all(Array.from({ length: concurrency }, work))
console.log((hashes * 1000) / (performance.now() - started))
