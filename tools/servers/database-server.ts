// Database servers for the tests: real ones, installed once under node_modules/.cache, started on free ports and stopped
// again. What cannot be had on a machine is said with its reason, and is a failure where COUNTERSIGN_REQUIRE_STORES
// names it.

import { after, test } from 'node:test'
import { isStoreRequired, type RequiredStore } from '../required-stores.ts'

export interface DatabaseServer {
  readonly name: string
  /** The URL of one of its databases, which is made when it is first written to. */
  urlOf(database: string): string
  /** Ends it as a power cut would (SIGKILL) and resolves when it is gone. What it keeps on disk stays. */
  kill(): Promise<void>
  /** Starts it after `kill`, on the same port and the same data. */
  restart(): Promise<void>
  /** Ends it and removes its data. */
  stop(): Promise<void>
  /** Whether data outlive `kill`. */
  readonly isPersistent: boolean
}

/** A kind of server that this machine may be able to run. */
export interface ServerKind {
  readonly name: RequiredStore
  /** @throws NotAvailable when this machine cannot run it */
  start(): Promise<DatabaseServer>
}

/** Why a server cannot be had here, in words for people. */
export class NotAvailable extends Error {
  override readonly name = 'NotAvailable'
}

/**
 * Starts every kind that can be had, for the tests of one file, and stops it after them. For each that is missing a test
 * is reported as skipped with the reason, or as failed where the kind is required.
 */
export async function startServers(kinds: readonly ServerKind[]): Promise<DatabaseServer[]> {
  const started = await Promise.all(kinds.map(startOrExplain))
  const servers = started.flatMap((result) => ('server' in result ? [result.server] : []))
  after(() => Promise.all(servers.map((server) => server.stop())))
  for (const result of started) {
    if ('server' in result) continue
    const { name, reason } = result
    if (isStoreRequired(name)) {
      test(`${name} is required`, () => {
        throw new Error(`${name} is not covered: ${reason}`)
      })
    } else {
      test(`${name} is covered`, { skip: reason }, () => undefined)
    }
  }
  return servers
}

async function startOrExplain(
  kind: ServerKind,
): Promise<{ readonly server: DatabaseServer } | { readonly name: RequiredStore; reason: string }> {
  try {
    return { server: await kind.start() }
  } catch (error) {
    if (error instanceof NotAvailable) return { name: kind.name, reason: error.message }
    throw error
  }
}
