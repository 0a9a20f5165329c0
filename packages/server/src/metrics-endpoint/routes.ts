// Metrics endpoint: the series of metrics/ over HTTP, for holders of a token of their own.

import { createHash, timingSafeEqual } from 'node:crypto'
import { problem } from '../http/problems.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { readBearer } from '../routing/authenticate-call.ts'
import { defineRoute, type Route } from '../routing/route.ts'

export const metricsContentType = 'text/plain; version=0.0.4; charset=utf-8'

/** Without a configured token there is no such route. */
export function metricsRoutes(metrics: Metrics, token: string | undefined): Route[] {
  if (token === undefined) return []
  const expected = digest(token)
  const route = defineRoute(
    {
      method: 'GET',
      path: '/metrics',
      operationId: 'metrics',
      tag: 'Health',
      summary: 'Metrics in the text format of Prometheus',
      description: 'Needs `Authorization: Bearer <METRICS_TOKEN>`, which is no access token.',
      access: 'anyone',
      counting: 'none',
      success: { status: 200, description: 'The series', contentType: 'text/plain' },
      problems: ['no_token', 'invalid_token'],
    },
    async ({ context }) => {
      const presented = readBearer(context.source.header('authorization'))
      if (presented === undefined) return problem('no_token')
      if (!timingSafeEqual(digest(presented), expected)) return problem('invalid_token')
      const headers = { 'content-type': metricsContentType }
      return { status: 200, raw: await metrics.render(), headers }
    },
  )
  return [route]
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
