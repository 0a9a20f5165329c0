import type { Server } from 'node:http'

/** How long running requests may still take after a signal to stop. */
export const drainLimitMs = 10_000
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

/** Resolves at the first SIGINT or SIGTERM. A second one ends the process at once. */
export function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    let isStopping = false
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        if (isStopping) process.exit(1)
        isStopping = true
        resolve()
      })
    }
    // npm hands a SIGTERM on to the shell between it and us, which dies of it and tells nobody.
    if (process.env['npm_lifecycle_event'] !== undefined) whenParentEnds(resolve)
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
