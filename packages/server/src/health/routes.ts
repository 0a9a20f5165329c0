// Health: whether the process lives and whether it can serve, for balancers and orchestrators.

import { z } from 'zod'
import type { Bus } from '../bus/bus.ts'
import type { Clock } from '../foundation/clock.ts'
import { StoreUnavailableError } from '../foundation/store-failure.ts'
import { largestOffsetMs, type StoreClock } from '../foundation/store-clock.ts'
import { problem } from '../http/problems.ts'
import { defineRoute, type Route } from '../routing/route.ts'
import type { Store } from '../stores/store.ts'

const statusSchema = z.strictObject({ status: z.literal('ok') })

const readySchema = z.strictObject({
  status: z.enum(['ok', 'degraded']),
  bus: z.enum(['connected', 'disconnected']).optional(),
})

export interface HealthParts {
  readonly store: Pick<Store, 'checkReady'>
  readonly storeClock: Pick<StoreClock, 'offsetMs'>
  /** Undefined when there is none: what it would tell is polled. */
  readonly bus: Pick<Bus, 'isConnected'> | undefined
  /** This machine's. */
  readonly clock: Clock
}

const readyForMs = 1_000

export function healthRoutes({ store, storeClock, bus, clock }: HealthParts): Route[] {
  const checkReady = keepSuccess(() => store.checkReady(), clock)
  const common = {
    method: 'GET',
    tag: 'Health',
    access: 'anyone',
    counting: 'none',
  } as const
  const live = defineRoute(
    {
      ...common,
      path: '/health/live',
      operationId: 'live',
      summary: 'Is the process alive?',
      success: { status: 200, description: 'It does', schema: statusSchema },
      problems: [],
    },
    () => ({ status: 200, body: { status: 'ok' } }),
  )
  const ready = defineRoute(
    {
      ...common,
      path: '/health/ready',
      operationId: 'ready',
      summary: 'Can the database be read and written?',
      description:
        'And do the clocks agree to 5 s? Without its bus the service goes on, slower to hear of revocations elsewhere (within a second): `degraded`.',
      success: { status: 200, description: 'It can', schema: readySchema },
      problems: ['unavailable'],
    },
    async () => {
      const unavailable = problem('unavailable', { headers: { 'retry-after': '1' } })
      try {
        await checkReady()
      } catch (error) {
        if (!(error instanceof StoreUnavailableError)) throw error
        return unavailable
      }
      if (Math.abs(storeClock.offsetMs()) > largestOffsetMs) return unavailable
      if (bus === undefined) return { status: 200, body: { status: 'ok' } }
      return bus.isConnected()
        ? { status: 200, body: { status: 'ok', bus: 'connected' } }
        : { status: 200, body: { status: 'degraded', bus: 'disconnected' } }
    },
  )
  return [live, ready]
}

/**
 * Calls at the same time share one check, and one that succeeded is good for a second: the route is anybody's, and an
 * embedded database has to write to the disk to know whether it can. A failure is looked at again.
 */
function keepSuccess(check: () => Promise<void>, clock: Clock): () => Promise<void> {
  let running: Promise<void> | undefined
  let succeededAt = Number.NEGATIVE_INFINITY
  const run = async (): Promise<void> => {
    const startedAt = clock()
    await check()
    succeededAt = startedAt
  }
  return () => {
    const age = clock() - succeededAt
    if (age >= 0 && age < readyForMs) return Promise.resolve()
    running ??= run().finally(() => {
      running = undefined
    })
    return running
  }
}
