// Health: whether the process lives and whether it can serve, for balancers and orchestrators.

import { z } from 'zod'
import { StoreUnavailableError } from '../foundation/store-failure.ts'
import { problem } from '../http/problems.ts'
import { defineRoute, type Route } from '../routing/route.ts'
import type { Store } from '../stores/store.ts'

const statusSchema = z.strictObject({ status: z.literal('ok') })

export function healthRoutes(store: Pick<Store, 'checkReady'>): Route[] {
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
      success: { status: 200, description: 'It can', schema: statusSchema },
      problems: ['unavailable'],
    },
    async () => {
      try {
        await store.checkReady()
      } catch (error) {
        if (!(error instanceof StoreUnavailableError)) throw error
        return problem('unavailable', { headers: { 'retry-after': '1' } })
      }
      return { status: 200, body: { status: 'ok' } }
    },
  )
  return [live, ready]
}
