// The compare-and-swap of a refresh with nothing around it: 64 callers, each with a session of its own, whose swaps share
// a commit. Durable as the server's are. What the database alone allows.
// Arguments: the database, a file of session ids, and for how many seconds. Prints swaps per second.

import { readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

const [file = '', sessionsFile = '', seconds] = process.argv.slice(2)
const database = new DatabaseSync(file, { timeout: 5_000 })
database.exec('PRAGMA journal_mode = WAL')
database.exec('PRAGMA synchronous = FULL')

const find = database.prepare('SELECT generation FROM sessions WHERE id = ?')
const swap = database.prepare(
  `UPDATE sessions SET generation = ?, parent = ?, rotated_at = ?, last_used_at = ?
   WHERE id = ? AND generation = ? AND ended_at IS NULL`,
)
const sessions = readFileSync(sessionsFile, 'utf8')
  .trim()
  .split('\n')
  .map((id) => ({ id, generation: Number(find.get(id)?.['generation']) }))

const started = performance.now()
const end = started + Number(seconds) * 1000
let swaps = 0
while (performance.now() < end) {
  const now = Date.now()
  database.exec('BEGIN IMMEDIATE')
  for (const session of sessions) {
    const { id, generation } = session
    const { changes } = swap.run(generation + 1, generation, now, now, id, generation)
    if (changes !== 1) throw new Error('A swap was lost')
    session.generation++
    swaps++
  }
  database.exec('COMMIT')
  // As in the server: the next turn of the event loop brings the next callers.
  await new Promise((resolve) => void setImmediate(resolve))
}
console.log((swaps * 1000) / (performance.now() - started))
database.close()
