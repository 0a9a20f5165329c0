// Health: whether the process lives and whether it can serve, for balancers and orchestrators.

import { z } from 'zod'
import { StoreUnavailableError } from '../foundation/store-failure.ts'
import { largestOffsetMs, type StoreClock } from '../foundation/store-clock.ts'
import { problem } from '../http/problems.ts'
import { defineRoute, type Route } from '../routing/route.ts'
import type { Store } from '../stores/store.ts'

const statusSchema = z.strictObject({ status: z.literal('ok') })

export interface HealthParts {
  readonly store: Pick<Store, 'checkReady'>
  readonly storeClock: Pick<StoreClock, 'offsetMs'>
}

export function healthRoutes({ store, storeClock }: HealthParts): Route[] {
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
      summary: 'Whether the process answers',
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
      summary: 'Whether the database can be read and written, and the clocks agree to 5 s',
      success: { status: 200, description: 'All of it', schema: statusSchema },
      problems: ['unavailable'],
    },
    async () => {
      const unavailable = problem('unavailable', { headers: { 'retry-after': '1' } })
      try {
        await store.checkReady()
      } catch (error) {
        if (!(error instanceof StoreUnavailableError)) throw error
        return unavailable
      }
      if (Math.abs(storeClock.offsetMs()) > largestOffsetMs) return unavailable
      return { status: 200, body: { status: 'ok' } }
    },
  )
  return [live, ready]
}
