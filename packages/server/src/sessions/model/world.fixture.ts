// Clients, thieves and the network between them and the cluster. An honest client keeps one refresh in flight, gives up
// after a third of the window and ignores later answers; a thief does as it likes with whatever it got hold of.

import assert from 'node:assert/strict'
import type { Session } from '../session.ts'
import { type Answer, type Cluster, generationOf, maxSkewMs, tokenOf } from './cluster.fixture.ts'
import { type Lineage, type Lives, signOut, use, type Verdict } from './lineage.fixture.ts'

export const lives: Lives = { idleMs: 7 * 86_400_000, maxMs: 90 * 86_400_000, windowMs: 30_000 }
const patienceMs = lives.windowMs / 3
// An answer that came before may be a window old; the clock that judges may be ahead.
const lateMs = lives.windowMs - maxSkewMs - 1

/** A refresh on its way: the network, an instance, and back. */
interface Flight {
  readonly jar: Jar
  readonly by: 'client' | 'thief'
  readonly token: string
  readonly instance: number
  readonly sentAt: number
  givenUpAt: number | undefined
  answer: Answer | undefined
}

/** The cookie jar of one client, its session, and the thief who looks into it. */
export interface Jar {
  readonly session: Session
  lineage: Lineage
  /** Undefined once the client was told that it is logged out. */
  token: string | undefined
  flight: Flight | undefined
  /** What a thief holds, oldest first. */
  readonly stolen: string[]
}

export class World {
  readonly cluster: Cluster
  readonly jars: readonly Jar[]
  #network: Flight[] = []
  #backup: { restore: () => Promise<void>; lineages: Lineage[] } | undefined

  constructor(cluster: Cluster, sessions: readonly Session[]) {
    this.cluster = cluster
    this.jars = sessions.map((session) => ({
      session,
      lineage: {
        accepted: undefined,
        answered: 1,
        answeredAt: session.rotatedAt,
        createdAt: session.createdAt,
        ended: undefined,
      },
      token: tokenOf(session, 1),
      flight: undefined,
      stolen: [],
    }))
  }

  /** The client asks for a refresh, unless one is in flight. */
  send(jar: Jar, instance: number): void {
    if (jar.token === undefined || jar.flight !== undefined) return
    jar.flight = this.#launch(jar, 'client', jar.token, instance)
    // An older request that is still under way was sent with this very token, or it would be a second one in flight.
    this.#network = this.#network.filter(
      (flight) => flight.jar !== jar || flight.by === 'thief' || flight.token === jar.token,
    )
  }

  sendStolen(jar: Jar, which: number, instance: number): void {
    const token = jar.stolen[which % jar.stolen.length]
    if (token !== undefined) this.#launch(jar, 'thief', token, instance)
  }

  steal(jar: Jar): void {
    if (jar.token !== undefined && !jar.stolen.includes(jar.token)) jar.stolen.push(jar.token)
  }

  /** A thief reads an answer on its way to the client. */
  stealAnswer(jar: Jar): void {
    const token = jar.flight?.answer?.token
    if (token !== undefined && !jar.stolen.includes(token)) jar.stolen.push(token)
  }

  /** Hands requests that are under way to their instances at the same time, each after so many turns of the loop. */
  async serve(turns: readonly number[], from: number): Promise<void> {
    const waiting = this.#network
    const chosen = new Set(turns.map((_, index) => waiting[(from + index) % waiting.length]))
    const flights = [...chosen].filter((flight) => flight !== undefined)
    this.#network = waiting.filter((flight) => !chosen.has(flight))
    await Promise.all(
      flights.map(async (flight, index) => {
        for (let turn = turns[index] ?? 0; turn > 0; turn--) {
          await new Promise((resolve) => setImmediate(resolve))
        }
        flight.answer = await this.cluster.refresh(flight.instance, flight.token)
      }),
    )
    for (const jar of this.jars) {
      explain(
        this.cluster,
        jar,
        flights.filter((flight) => flight.jar === jar),
      )
    }
    for (const { by, jar, answer } of flights) {
      if (by === 'thief' && answer?.token !== undefined) jar.stolen.push(answer.token)
    }
  }

  /** The answer reaches the client. */
  deliver(jar: Jar): void {
    const answer = jar.flight?.answer
    if (answer === undefined) return
    jar.token = answer.token
    jar.flight = undefined
  }

  /** The request, or the answer to it, is lost: the client notices only by waiting. */
  lose(jar: Jar): void {
    this.#network = this.#network.filter((flight) => flight !== jar.flight)
    if (jar.flight) jar.flight.answer = undefined
  }

  wait(ms: number): void {
    this.cluster.now += ms
    for (const jar of this.jars) {
      const { flight } = jar
      if (flight === undefined || this.cluster.now - flight.sentAt < patienceMs) continue
      flight.givenUpAt = flight.sentAt + patienceMs
      flight.answer = undefined
      jar.flight = undefined
    }
    this.#network = this.#network.filter(
      ({ givenUpAt }) => givenUpAt === undefined || this.cluster.now - givenUpAt <= lateMs,
    )
  }

  async signOut(jar: Jar, instance: number): Promise<void> {
    const token = jar.token ?? jar.stolen[0]
    if (token === undefined) return
    assert.equal(await this.cluster.signOut(instance, token), 204)
    jar.lineage = signOut(jar.lineage, this.cluster.clockOf(instance))
    jar.token = undefined
    jar.flight = undefined
  }

  async backUp(): Promise<void> {
    if (!this.cluster.canBackUp) return
    const lineages = this.jars.map(({ lineage }) => lineage)
    this.#backup = { restore: await this.cluster.backUp(), lineages }
  }

  async restore(): Promise<void> {
    const backup = this.#backup
    if (backup === undefined) return
    await backup.restore()
    for (const [index, jar] of this.jars.entries())
      jar.lineage = backup.lineages[index] ?? jar.lineage
  }

  /** One use, from the request to the lineage. */
  async useNow(jar: Jar, token: string, instance: number): Promise<Answer> {
    const flight = this.#launch(jar, 'thief', token, instance)
    this.#network = this.#network.filter((other) => other !== flight)
    flight.answer = await this.cluster.refresh(instance, token)
    explain(this.cluster, jar, [flight])
    return flight.answer
  }

  #launch(jar: Jar, by: Flight['by'], token: string, instance: number): Flight {
    const sentAt = this.cluster.now
    const flight = { jar, by, token, instance, sentAt, givenUpAt: undefined, answer: undefined }
    this.#network.push(flight)
    return flight
  }
}

/**
 * Finds an order of these uses, which ran at the same time, in which the rule explains every answer, and moves the
 * lineage along it.
 */
function explain(cluster: Cluster, jar: Jar, flights: readonly Flight[]): void {
  if (flights.length === 0) return
  for (const order of permutations(flights)) {
    let lineage = jar.lineage
    const isExplained = order.every((flight) => {
      const now = cluster.clockOf(flight.instance)
      const step = use(lineage, generationOf(flight.token), now, lives)
      lineage = step.next
      return fits(flight, step.verdict)
    })
    if (!isExplained) continue
    for (const flight of flights) checkHonest(jar, flight, lineage)
    jar.lineage = lineage
    return
  }
  const uses = flights.map(({ by, token, instance, answer }) => ({
    by,
    instance,
    clock: cluster.clockOf(instance),
    generation: generationOf(token),
    status: answer?.status,
    code: answer?.code,
    answered: answer?.token && generationOf(answer.token),
  }))
  assert.fail(
    `No order of the uses explains the answers: ${JSON.stringify({ ...jar.lineage, uses })}`,
  )
}

function fits({ jar, answer }: Flight, verdict: Verdict): boolean {
  switch (verdict.kind) {
    case 'accepted':
      return answer?.status === 200 && answer.token === tokenOf(jar.session, verdict.generation)
    case 'theft':
      return answer?.status === 401 && answer.code === 'token_revoked'
    case 'ended':
      if (answer?.status !== 401) return false
      // A session that ended long ago may be pruned.
      if (answer.code === 'invalid_refresh_token') return verdict.forMs >= lives.idleMs - maxSkewMs
      return answer.code === 'token_revoked'
    case 'expired':
      return answer?.status === 401 && answer.code === 'invalid_refresh_token'
  }
}

/** An honest client from whom nobody stole is refused only when its session is over or was signed out. */
function checkHonest(jar: Jar, { by, answer }: Flight, lineage: Lineage): void {
  if (by !== 'client' || jar.stolen.length > 0 || answer?.status === 200) return
  const isItsOwnEnd = answer?.code === 'invalid_refresh_token' || lineage.ended?.by === 'sign-out'
  assert.ok(isItsOwnEnd, `An honest client was logged out: ${JSON.stringify({ lineage, answer })}`)
}

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length <= 1) return [[...items]]
  return items.flatMap((item, index) =>
    permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]),
  )
}
