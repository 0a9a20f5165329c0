// The model-based test of the three-step rule, for any database: random interleavings of clients, a lossy network, a
// thief, moving clocks, restarts and restored backups, through the real flows of two instances.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { type Cluster, generationOf, maxSkewMs, tokenOf } from './cluster.fixture.ts'
import { LibraryCluster, type ModelDatabase } from './library-cluster.fixture.ts'
import { type Jar, lives, World } from './world.fixture.ts'

const clients = 2
const client = fc.nat(clients - 1)
const instance = fc.nat(1)
const turns = fc.array(fc.nat(3), { minLength: 1, maxLength: 3 })

const aroundWindow = fc.integer({ min: lives.windowMs - 6_000, max: lives.windowMs + 6_000 })

// Around everything that decides: the patience of a client, the window, the lives.
const waits = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 12_000 }) },
  { weight: 4, arbitrary: aroundWindow },
  { weight: 2, arbitrary: fc.constantFrom(10_000, lives.windowMs - 1, lives.windowMs) },
  { weight: 1, arbitrary: fc.integer({ min: 60_000, max: 86_400_000 }) },
  { weight: 1, arbitrary: fc.constantFrom(3 * 86_400_000, lives.idleMs - 1, lives.idleMs) },
)

// How old the sessions are at the start: some reach their absolute life.
const ages = fc.oneof(
  { weight: 3, arbitrary: fc.constant(0) },
  {
    weight: 1,
    arbitrary: fc.integer({ min: lives.maxMs - 86_400_000, max: lives.maxMs - 10_000 }),
  },
)

const action = fc.oneof(
  step(16, 'refresh', { client, instance }),
  step(12, 'send', { client, instance }),
  step(16, 'serve', { turns, from: fc.nat(5) }),
  step(8, 'deliver', { client }),
  step(4, 'lose', { client }),
  step(16, 'wait', { ms: waits }),
  step(2, 'steal', { client }),
  step(2, 'steal the answer', { client }),
  step(6, 'use the loot', { client, instance, which: fc.nat(5) }),
  step(8, 'clash', { client, instance, which: fc.nat(5) }),
  step(4, 'clash late', { client, instance }),
  step(4, 'skew', { instance, ms: fc.nat(maxSkewMs) }),
  step(4, 'retry late', { client, instance, ms: aroundWindow }),
  step(1, 'restart', { instance }),
  step(2, 'kill', { client, instance, turns, from: fc.nat(5), afterMs: fc.nat(6) }),
  step(2, 'back up', {}),
  step(2, 'restore', {}),
  step(1, 'sign out', { client, instance }),
)

function step<Name extends string, Parts extends object>(
  weight: number,
  name: Name,
  parts: { [Part in keyof Parts]: fc.Arbitrary<Parts[Part]> },
) {
  return { weight, arbitrary: fc.record<Parts>(parts).map((given) => ({ do: name, ...given })) }
}

type Action = typeof action extends fc.Arbitrary<infer A> ? A : never

/**
 * Registers the model's tests for the library on a database.
 *
 * @param openDatabase called once
 * @param runs how many histories; each is some thirty steps long
 */
export function describeThreeStepRule(
  name: string,
  openDatabase: () => Promise<ModelDatabase>,
  runs: number,
): void {
  describe(`the three-step rule on ${name}`, () => {
    let database: ModelDatabase
    let cluster: Cluster
    before(async () => {
      database = await openDatabase()
      cluster = await LibraryCluster.open(database)
    })
    after(async () => {
      await cluster.close()
      await database.discard()
    })
    test('holds in every history of clients, thieves, clocks, restarts and backups', () =>
      checkHistories(cluster, { numRuns: runs }))
  })
}

/** Lives through random histories, and fails at the first step in one that the rule does not explain. */
export async function checkHistories(
  cluster: Cluster,
  bounds: { readonly numRuns: number; readonly endOnFailure?: boolean },
): Promise<void> {
  const history = fc.array(action, { minLength: 5, maxLength: 60, size: 'max' })
  const property = fc.asyncProperty(history, ages, async (actions, age) => {
    const world = new World(cluster, await cluster.startSessions(clients, age))
    for (const step of actions) await act(world, step)
    for (const jar of world.jars) await checkEnd(world, jar)
  })
  await fc.assert(property, bounds)
}

async function act(world: World, step: Action): Promise<void> {
  const { cluster } = world
  const jar = world.jars['client' in step ? step.client : 0]
  if (jar === undefined) return
  switch (step.do) {
    case 'refresh':
      world.send(jar, step.instance)
      await world.serve([0, 0, 0], 0)
      return world.deliver(jar)
    case 'send':
      return world.send(jar, step.instance)
    case 'serve':
      return world.serve(step.turns, step.from)
    case 'deliver':
      return world.deliver(jar)
    case 'lose':
      return world.lose(jar)
    case 'wait':
      return world.wait(step.ms)
    case 'steal':
      return world.steal(jar)
    case 'steal the answer':
      return world.stealAnswer(jar)
    case 'use the loot':
      return world.sendStolen(jar, step.which, step.instance)
    case 'clash':
      // The owner and the thief at the same moment, through different instances.
      world.send(jar, step.instance)
      world.sendStolen(jar, step.which, 1 - step.instance)
      await world.serve([0, 0, 0], 0)
      return world.deliver(jar)
    case 'retry late':
      // The answer is lost, and it is close whether the other instance still takes the retry for the same refresh.
      world.send(jar, step.instance)
      await world.serve([0, 0, 0], 0)
      world.lose(jar)
      await world.wait(step.ms)
      world.send(jar, 1 - step.instance)
      await world.serve([0, 0, 0], 0)
      return world.deliver(jar)
    case 'clash late':
      // At the same moment, too, but each with a token that continues the session and kills the other's.
      world.steal(jar)
      world.send(jar, step.instance)
      await world.serve([0, 0, 0], 0)
      world.deliver(jar)
      await world.wait(lives.windowMs + maxSkewMs)
      world.send(jar, step.instance)
      world.sendStolen(jar, jar.stolen.length - 1, 1 - step.instance)
      await world.serve([0, 0, 0], 0)
      return world.deliver(jar)
    case 'skew':
      return cluster.setSkew(step.instance, step.ms)
    case 'restart':
      return cluster.restart(step.instance)
    case 'kill':
      world.send(jar, step.instance)
      return world.serve(step.turns, step.from, step)
    case 'back up':
      return world.backUp()
    case 'restore':
      return world.restore()
    case 'sign out':
      return world.signOut(jar, step.instance)
  }
}

/** However a history went: who may go on does, two who share a session do not, and what ended stays ended. */
async function checkEnd(world: World, jar: Jar): Promise<void> {
  await world.wait(lives.windowMs)
  if (mayLive(jar)) {
    if (jar.stolen.length > 0) await checkBothCannotGoOn(world, jar)
    else if (jar.token !== undefined) await checkGoesOn(world, jar, jar.token)
  }
  if (mayLive(jar)) return
  const everHeld = [...jar.stolen, ...(jar.token === undefined ? [] : [jar.token])]
  const answered = jar.possible.map((lineage) => lineage.answered)
  const newest = Math.max(...answered, ...everHeld.map(generationOf))
  for (let generation = newest + 1; generation > 0; generation--) {
    const token = tokenOf(jar.session, generation)
    for (const at of [0, 1]) {
      assert.equal((await world.useNow(jar, token, at)).status, 401, 'ended stays ended')
    }
  }
}

function mayLive({ possible }: Jar): boolean {
  return possible.some(({ ended }) => ended === undefined)
}

/** The owner and the thief each go on with what they hold: one of the first uses of a dead branch ends the session. */
async function checkBothCannotGoOn(world: World, jar: Jar): Promise<void> {
  const holders = [jar.token, jar.stolen.at(-1)]
  for (let turn = 0; turn < 4; turn++) {
    const token = holders[turn % 2]
    if (token === undefined) return
    const answer = await world.useNow(jar, token, turn % 2)
    if (answer.code === 'invalid_refresh_token') return
    if (answer.status !== 200) break
    holders[turn % 2] = answer.token
    await world.wait(2 * lives.windowMs)
  }
  const isTheft = jar.possible.every(({ ended }) => ended?.by === 'theft')
  assert.ok(isTheft, 'a thief and the owner cannot both go on')
}

async function checkGoesOn(world: World, jar: Jar, token: string): Promise<void> {
  let held = token
  for (const at of [0, 1, 0]) {
    const answer = await world.useNow(jar, held, at)
    if (answer.code === 'invalid_refresh_token') return
    assert.equal(answer.status, 200, 'an honest client goes on')
    held = answer.token ?? ''
  }
}
