// A client that refreshes as DESIGN's honest client does, through whichever instance, while something is killed.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { until } from '../../../tools/until.ts'
import type { RunningServer } from './program.fixture.ts'

export interface TokenAnswer {
  readonly token: string
  readonly refreshToken: string
}

export interface HonestClient {
  /** Whoever is killed here is replaced here. */
  readonly instances: readonly RunningServer[]
  token: string
  refreshToken: string
  refreshed: number
  /** Every status since it was last emptied, and connections that broke. */
  seen: (number | 'broken')[]
}

/** One refresh at a time, and the same token again until it has an answer. */
export async function keepRefreshing(client: HonestClient, signal: AbortSignal): Promise<void> {
  for (let turn = 0; !signal.aborted; turn++) {
    const instance = client.instances[turn % client.instances.length]
    assert.ok(instance)
    const answer = await post(instance, '/api/auth/refresh', client).catch((error: unknown) => {
      // Fetch rejects with a TypeError when the connection breaks.
      if (error instanceof TypeError && instance.child.killed) return undefined
      throw error
    })
    client.seen.push(answer?.status ?? 'broken')
    if (answer === undefined) continue
    if (answer.status === 503) {
      assert.ok(Number(answer.headers.get('retry-after')) > 0)
      await answer.body?.cancel()
      continue
    }
    assert.equal(answer.status, 200, 'an honest client is never logged out')
    const { token, refreshToken } = (await answer.json()) as TokenAnswer
    Object.assign(client, { token, refreshToken, refreshed: client.refreshed + 1 })
  }
}

export function untilAllRefresh(clients: readonly HonestClient[], times: number): Promise<void> {
  const wanted = clients.map(({ refreshed }) => refreshed + times)
  return until(
    () => clients.every(({ refreshed }, i) => refreshed >= (wanted[i] ?? 0)),
    'every client to refresh',
    60_000,
  )
}

export function post(server: RunningServer, path: string, body: object): Promise<Response> {
  const { username, password, delivery, refreshToken } = body as Record<string, string>
  return fetch(`${server.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username, password, delivery, refreshToken }),
  })
}

/** The memory of the largest of these processes. */
export function residentMiB(servers: readonly RunningServer[]): number {
  const sizes = servers.map(({ child }) => {
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024
  })
  return Math.max(...sizes)
}
