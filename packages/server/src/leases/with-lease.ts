// Leases: exclusive use of a name for a bounded time. This folder owns the waiting; the store owns the lease itself.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../foundation/clock.ts'
import type { IdSource } from '../foundation/ids.ts'
import { StoreUnavailableError } from '../foundation/store-failure.ts'
import type { LeaseStore } from './store.ts'

const lifeMs = 15_000
const usualPatienceMs = 5_000
/** A store waits no longer for any of its operations. */
const longestChangeMs = 10_000

export interface HeldLease {
  /**
   * For work that decides first: a change that begins now is over before the lease is. This process may have stood still,
   * or the store been slow, and somebody else have begun.
   * @throws StoreUnavailableError
   */
  check(): void
}

/**
 * Runs the work while holding the lease. Waits for it, up to 5 s unless told otherwise.
 * @throws StoreUnavailableError when somebody else keeps it for longer
 */
export async function withLease<T>(
  store: LeaseStore,
  name: string,
  parts: { readonly clock: Clock; readonly newId: IdSource; readonly patienceMs?: number },
  work: (lease: HeldLease) => Promise<T>,
): Promise<T> {
  const holder = parts.newId()
  const started = performance.now()
  let askedAt = parts.clock()
  while (!(await acquire(store, name, holder, askedAt))) {
    if (performance.now() - started > (parts.patienceMs ?? usualPatienceMs)) {
      throw new StoreUnavailableError('locked', `Another process holds the lease "${name}"`)
    }
    await sleep(5 + Math.random() * 20)
    askedAt = parts.clock()
  }
  const check = (): void => {
    if (parts.clock() <= askedAt + lifeMs - longestChangeMs) return
    throw new StoreUnavailableError('locked', `The lease "${name}" is running out`)
  }
  try {
    return await work({ check })
  } finally {
    await release(store, name, holder)
  }
}

async function acquire(
  store: LeaseStore,
  name: string,
  holder: string,
  now: number,
): Promise<boolean> {
  try {
    return await store.acquireLease(name, holder, now + lifeMs, now)
  } catch (error) {
    // It may be ours without our knowing it: the answer was lost.
    if (isUnavailable(error)) void releaseLater(store, name, holder)
    throw error
  }
}

// The work is done or has failed, and its caller is to learn which, at once.
async function release(store: LeaseStore, name: string, holder: string): Promise<void> {
  try {
    await store.releaseLease(name, holder)
  } catch (error) {
    if (!isUnavailable(error)) throw error
    void releaseLater(store, name, holder)
  }
}

/** A lease that nobody gives back keeps everybody out until it runs out, and a fault of the store is mostly over sooner. */
async function releaseLater(store: LeaseStore, name: string, holder: string): Promise<void> {
  const started = performance.now()
  for (let pauseMs = 50; performance.now() - started < lifeMs; pauseMs *= 2) {
    // No reason for a process to live on: what it holds runs out.
    await sleep(pauseMs, undefined, { ref: false })
    try {
      return await store.releaseLease(name, holder)
    } catch (error) {
      if (!isUnavailable(error) || error.reason === 'closed') return
    }
  }
}

function isUnavailable(error: unknown): error is StoreUnavailableError {
  return error instanceof StoreUnavailableError
}
