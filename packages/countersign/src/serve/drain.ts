import type { Server } from 'node:http'

/**
 * How long running requests may still take after a signal to stop. Containers are killed ten seconds after it: what is left
 * is for closing the database.
 */
export const drainLimitMs = 8_000
const lookEveryMs = 50

/** Takes no new connection, lets running requests finish, and cuts what still runs after the limit. */
export async function drain(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve())
  })
  // A connection that is kept alive turns idle only when its request is answered.
  const looking = setInterval(() => server.closeIdleConnections(), lookEveryMs)
  const limit = setTimeout(() => server.closeAllConnections(), drainLimitMs)
  await closed
  clearInterval(looking)
  clearTimeout(limit)
}

/** Resolves at the first SIGINT or SIGTERM. The next one ends the process at once; under npm, the one after that. */
export function untilStopped(): Promise<void> {
  const isRunByNpm = process.env['npm_lifecycle_event'] !== undefined
  // A Ctrl-C reaches us from the terminal and, where its shell steps aside, once more from npm.
  const mostForOneWish = isRunByNpm ? 2 : 1
  return new Promise((resolve) => {
    let received = 0
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        received++
        if (received > mostForOneWish) process.exit(1)
        resolve()
      })
    }
    // npm hands a SIGTERM on to the shell between it and us, which may die of it and tell nobody.
    if (isRunByNpm) whenParentEnds(resolve)
  })
}

const lookForParentEveryMs = 500

function whenParentEnds(act: () => void): void {
  const parent = process.ppid
  const looking = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(looking)
    act()
  }, lookForParentEveryMs)
  looking.unref()
}
