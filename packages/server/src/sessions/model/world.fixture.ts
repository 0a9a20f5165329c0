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
  /** What may be so: several, where an instance ended before it answered. */
  possible: readonly Lineage[]
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
  #backup: { restore: () => Promise<void>; possible: (readonly Lineage[])[] } | undefined
  #longestServiceMs = 0

  constructor(cluster: Cluster, sessions: readonly Session[]) {
    this.cluster = cluster
    this.jars = sessions.map((session) => ({
      session,
      possible: [
        {
          accepted: undefined,
          answered: 1,
          answeredAt: session.rotatedAt,
          createdAt: session.createdAt,
          ended: undefined,
        },
      ],
      token: tokenOf(session, 1),
      flight: undefined,
      stolen: [],
    }))
  }

  /** The client asks for a refresh, unless one is in flight. */
  send(jar: Jar, instance: number): void {
    this.#takeNotice()
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

  /**
   * Hands requests that are under way to their instances at the same time, each after so many turns of the loop.
   * @param kill ends an instance so many milliseconds later, whatever it does then
   */
  async serve(
    turns: readonly number[],
    from: number,
    kill?: { readonly instance: number; readonly afterMs: number },
  ): Promise<void> {
    this.#takeNotice()
    const waiting = this.#network
    const chosen = new Set(turns.map((_, index) => waiting[(from + index) % waiting.length]))
    const flights = [...chosen].filter((flight) => flight !== undefined)
    this.#network = waiting.filter((flight) => !chosen.has(flight))
    const began = this.cluster.now
    const serving = flights.map(async (flight, index) => {
      for (let turn = turns[index] ?? 0; turn > 0; turn--) {
        await new Promise((resolve) => setImmediate(resolve))
      }
      flight.answer = await this.cluster.refresh(flight.instance, flight.token)
    })
    if (kill) {
      await new Promise((resolve) => setTimeout(resolve, kill.afterMs))
      await this.cluster.kill?.(kill.instance)
    }
    await Promise.all(serving)
    this.#note(flights, began)
    for (const { by, jar, answer } of flights) {
      if (by === 'thief' && answer?.token !== undefined) jar.stolen.push(answer.token)
    }
    if (kill) await this.cluster.restart(kill.instance)
  }

  /** The answer reaches the client. */
  deliver(jar: Jar): void {
    this.#takeNotice()
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

  async wait(ms: number): Promise<void> {
    await this.cluster.pass(ms)
    this.#takeNotice()
  }

  /** The clients look at their clocks, and the network forgets what it held too long. */
  #takeNotice(): void {
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
    const now = this.cluster.clockOf(instance)
    jar.possible = jar.possible.map((lineage) => signOut(lineage, now))
    jar.token = undefined
    jar.flight = undefined
  }

  async backUp(): Promise<void> {
    if (this.cluster.backUp === undefined) return
    const possible = this.jars.map((jar) => jar.possible)
    this.#backup = { restore: await this.cluster.backUp(), possible }
  }

  async restore(): Promise<void> {
    const backup = this.#backup
    if (backup === undefined) return
    await backup.restore()
    for (const [index, jar] of this.jars.entries())
      jar.possible = backup.possible[index] ?? jar.possible
  }

  /** One use, from the request to the lineage. */
  async useNow(jar: Jar, token: string, instance: number): Promise<Answer> {
    const flight = this.#launch(jar, 'thief', token, instance)
    this.#network = this.#network.filter((other) => other !== flight)
    const began = this.cluster.now
    flight.answer = await this.cluster.refresh(instance, token)
    assert.ok(flight.answer, 'nobody ended the instance')
    this.#note([flight], began)
    return flight.answer
  }

  /** Moves every lineage along what was answered. */
  #note(flights: readonly Flight[], began: number): void {
    this.#longestServiceMs = Math.max(this.#longestServiceMs, this.cluster.now - began)
    // When exactly an instance decided is known as well as both this moment and the one that it is compared with.
    const errorMs = 2 * this.#longestServiceMs + this.cluster.clockErrorMs
    const clocks = [0, 1].map((instance) => this.cluster.clockOf(instance))
    for (const jar of this.jars) {
      const own = flights.filter((flight) => flight.jar === jar)
      if (own.length > 0) explain(jar, own, { clocks, errorMs })
    }
  }

  #launch(jar: Jar, by: Flight['by'], token: string, instance: number): Flight {
    const sentAt = this.cluster.now
    const flight = { jar, by, token, instance, sentAt, givenUpAt: undefined, answer: undefined }
    this.#network.push(flight)
    return flight
  }
}

interface Moment {
  /** Of each instance. */
  readonly clocks: readonly number[]
  readonly errorMs: number
}

/**
 * Finds the orders of these uses, which ran at the same time, in which the rule explains every answer, and moves the
 * lineage along them.
 */
function explain(jar: Jar, flights: readonly Flight[], moment: Moment): void {
  const orders = permutations(flights)
  const explanations = jar.possible.flatMap((lineage) =>
    orders.flatMap((order) =>
      order.reduce<readonly Lineage[]>(
        (ways, flight) => ways.flatMap((way) => stepsOf(way, flight, moment)),
        [lineage],
      ),
    ),
  )
  if (explanations.length === 0) failToExplain(jar, flights, moment)
  jar.possible = withoutRepetition(explanations)
  for (const flight of flights) checkHonest(jar, flight)
}

/** Every way to go on from here that explains the answer. One who got none may have been heard or not. */
function stepsOf(lineage: Lineage, flight: Flight, { clocks, errorMs }: Moment): Lineage[] {
  const generation = generationOf(flight.token)
  const now = clocks[flight.instance] ?? 0
  const errors = errorMs === 0 ? [0] : [0, -errorMs, errorMs]
  const steps = errors.map((error) => use(lineage, generation, now, lives, error))
  if (flight.answer === undefined) return [lineage, ...steps.map(({ next }) => next)]
  return steps.filter(({ verdict }) => fits(flight, verdict)).map(({ next }) => next)
}

function withoutRepetition(lineages: readonly Lineage[]): Lineage[] {
  return [...new Map(lineages.map((lineage) => [JSON.stringify(lineage), lineage])).values()]
}

function failToExplain(jar: Jar, flights: readonly Flight[], { clocks, errorMs }: Moment): never {
  const uses = flights.map(({ by, token, instance, answer }) => ({
    by,
    instance,
    clock: clocks[instance],
    generation: generationOf(token),
    status: answer?.status,
    code: answer?.code,
    answered: answer?.token && generationOf(answer.token),
  }))
  const facts = JSON.stringify({ possible: jar.possible, errorMs, uses })
  return assert.fail(`No order of the uses explains the answers: ${facts}`)
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
function checkHonest(jar: Jar, { by, answer }: Flight): void {
  if (by !== 'client' || jar.stolen.length > 0) return
  if (answer === undefined || answer.status === 200 || answer.code === 'invalid_refresh_token')
    return
  const wasSignedOut = jar.possible.some(({ ended }) => ended?.by === 'sign-out')
  const facts = JSON.stringify({ possible: jar.possible, answer })
  assert.ok(wasSignedOut, `An honest client was logged out: ${facts}`)
}

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length <= 1) return [[...items]]
  return items.flatMap((item, index) =>
    permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]),
  )
}
