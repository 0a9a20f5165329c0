// Metrics: counts and times in the text format of Prometheus. It owns the list of series; it is told what happened.

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { AuditType } from '../audit/event.ts'

export interface RequestSample {
  readonly method: string
  readonly route: string | undefined
  readonly status: number
  readonly durationMs: number
}

export interface Metrics {
  observeRequest(sample: RequestSample): void
  countEvent(type: AuditType): void
  render(): Promise<string>
}

export interface MetricSources {
  readonly hashQueue: () => { readonly running: number; readonly waiting: number }
  readonly liveRevocations: () => number
}

const knownMethods: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
])

/** Labels come from fixed lists alone, or a caller could grow the memory with made-up paths and methods. */
export function createMetrics(sources: MetricSources): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const durations = new Histogram({
    name: 'countersign_http_request_duration_seconds',
    help: 'Time from the first look at a request to its answer',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
    registers: [registry],
  })
  const events = new Counter({
    name: 'countersign_audit_events_total',
    help: 'Security-relevant events by type',
    labelNames: ['type'],
    registers: [registry],
  })
  gauge(registry, 'countersign_password_hashes_running', 'Running password hashes', () => {
    return sources.hashQueue().running
  })
  gauge(registry, 'countersign_password_hashes_waiting', 'Waiting password hashes', () => {
    return sources.hashQueue().waiting
  })
  gauge(registry, 'countersign_live_revocations', 'Revocations held in memory', () => {
    return sources.liveRevocations()
  })
  return {
    observeRequest: ({ method, route, status, durationMs }) => {
      const labels = {
        method: knownMethods.has(method) ? method : 'other',
        route: route ?? 'unmatched',
        status,
      }
      durations.observe(labels, durationMs / 1000)
    },
    countEvent: (type) => events.inc({ type }),
    render: () => registry.metrics(),
  }
}

function gauge(registry: Registry, name: string, help: string, read: () => number): void {
  const created = new Gauge({
    name,
    help,
    registers: [],
    collect() {
      this.set(read())
    },
  })
  registry.registerMetric(created)
}
