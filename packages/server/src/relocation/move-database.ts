import type { DatabaseSettings } from '../config/settings.ts'
import { type Clock, systemClock } from '../foundation/clock.ts'
import { type Randomness, systemRandomness } from '../foundation/randomness.ts'
import { createStoreClock, largestOffsetMs } from '../foundation/store-clock.ts'
import { StoreUnavailableError } from '../foundation/store-failure.ts'
import { explainMark, type MoveMark } from '../stores/move-mark.ts'
import { type Content, ContentDigest } from './content-digest.ts'
import { movedTables, type MovedTable } from './moved-tables.ts'
import { MoveRefusedError } from './move-refused-error.ts'
import type { Side } from './side.ts'
import { checkSource, withSide } from './with-side.ts'

export interface MoveOptions {
  readonly clock?: Clock
  readonly randomness?: Randomness
  /** Told after each part that was copied. */
  readonly onProgress?: (table: string, rows: number) => void
}

export interface MoveReport {
  /** Without user and password. */
  readonly from: string
  readonly to: string
  /** How many rows of each table. */
  readonly rows: ReadonlyMap<string, number>
}

type Contents = ReadonlyMap<MovedTable, Content>

/**
 * Takes everything from one database to another that is empty, and leaves a mark in the first that no start passes. Until
 * the last step the second has one; whatever ends the move before, it can be run again.
 *
 * @throws MoveRefusedError when nothing was changed
 * @throws StoreUnavailableError when a database could not be used, or is in use
 */
export async function moveDatabase(
  from: DatabaseSettings,
  to: DatabaseSettings,
  options: MoveOptions = {},
): Promise<MoveReport> {
  const { clock = systemClock, randomness = systemRandomness } = options
  checkSource(from)
  if (isSameFile(from, to)) throw new MoveRefusedError('That is the database that is to be moved.')
  return withSide(from, clock, (source) =>
    withSide(to, clock, async (target) => {
      if (source.place === target.place) {
        throw new MoveRefusedError(`That is the database that is to be moved: ${source.place}`)
      }
      await checkClocks(source, target, clock)
      const begun = await findBegun(source, target)
      const at = clock()
      const id = begun?.id ?? randomness(16).toString('hex')
      const leaving: MoveMark = { state: 'leaving', id, at, place: target.place }
      await source.hold(leaving)
      try {
        await makeReady(
          target,
          { ...leaving, state: 'arriving', place: source.place },
          begun !== undefined,
        )
        const rows = await copy(source, target, options)
        // From here on the source serves no more; until the next line nothing does.
        await source.commit({ ...leaving, state: 'moved' })
        await target.commit(undefined)
        return { from: source.place, to: target.place, rows }
      } catch (error) {
        await source.release().catch(() => undefined)
        throw error
      }
    }),
  )
}

/** Two connections of one process would wait for each other. */
function isSameFile(from: DatabaseSettings, to: DatabaseSettings): boolean {
  return from.kind === 'sqlite' && to.kind === 'sqlite' && from.file === to.file
}

// A revocation is found by its time, and so is what a feed's consumer has not heard of yet: a target whose clock is
// behind would write them before what was told already.
async function checkClocks(source: Side, target: Side, local: Clock): Promise<void> {
  const [here, there] = [createStoreClock(local), createStoreClock(local)]
  await here.measure(() => source.readTime())
  await there.measure(() => target.readTime())
  const offset = there.offsetMs() - here.offsetMs()
  if (Math.abs(offset) <= largestOffsetMs) return
  throw new MoveRefusedError(
    `The clocks of the two databases differ by ${offset} ms: set them right (NTP).`,
  )
}

/** The mark of an earlier run that this one goes on with, which then begins anew. */
async function findBegun(source: Side, target: Side): Promise<MoveMark | undefined> {
  const [left, arrived] = [await source.readMark(), await target.readMark()]
  if (left?.state === 'arriving') throw new MoveRefusedError(explainMark(left))
  if (arrived !== undefined && arrived.state !== 'arriving') {
    throw new MoveRefusedError(`${target.place}: ${explainMark(arrived)}`)
  }
  if (arrived !== undefined && arrived.place !== source.place) {
    throw new MoveRefusedError(`${target.place}: ${explainMark(arrived)}`)
  }
  if (left !== undefined && arrived?.id !== left.id) {
    // It was moved; or a move elsewhere is under way.
    const isOnlyBegun = left.state === 'leaving' && arrived === undefined
    if (!isOnlyBegun) throw new MoveRefusedError(explainMark(left))
  }
  return arrived
}

/**
 * Marks the target, and makes sure that it is empty. What is there under the mark of an earlier run is that run's, for
 * nothing starts on it.
 */
async function makeReady(target: Side, arriving: MoveMark, hasLeavings: boolean): Promise<void> {
  await target.hold()
  if (!hasLeavings) await refuseUnlessEmpty(target)
  await target.commit(arriving)
  await target.hold()
  if (hasLeavings) {
    for (const table of movedTables) await target.clear(table)
    return
  }
  try {
    // Once more: an instance may have started there before the mark.
    await refuseUnlessEmpty(target)
  } catch (error) {
    await target.commit(undefined)
    throw error
  }
}

async function refuseUnlessEmpty(target: Side): Promise<void> {
  const used: string[] = []
  for (const table of movedTables) if (await target.hasRows(table)) used.push(table)
  if (used.length === 0) return
  throw new MoveRefusedError(
    `${target.place} is not empty (${used.join(', ')}): name another, or make it empty. Nothing was changed.`,
  )
}

async function copy(
  source: Side,
  target: Side,
  { onProgress }: MoveOptions,
): Promise<ReadonlyMap<string, number>> {
  const sent = new Map<MovedTable, Content>()
  for (const table of movedTables) {
    const digest = new ContentDigest(table)
    for await (const batch of source.rows(table)) {
      const rows = batch.map((row) => target.storable(table, row))
      for (const row of rows) digest.add(row)
      await target.insert(table, rows)
      onProgress?.(table, digest.content.rows)
    }
    sent.set(table, digest.content)
  }
  await compare(target, sent)
  return new Map([...sent].map(([table, { rows }]) => [table, rows]))
}

/** Reads everything back: the mark is lifted only from what is as it was. */
async function compare(target: Side, sent: Contents): Promise<void> {
  for (const [table, { rows, digest }] of sent) {
    const found = new ContentDigest(table)
    for await (const batch of target.rows(table)) for (const row of batch) found.add(row)
    const { content } = found
    if (content.rows === rows && content.digest === digest) continue
    throw new StoreUnavailableError(
      'corrupt',
      `${target.place} gives back ${table} otherwise than it was given (${content.rows} of ${rows} rows): ` +
        'nothing was changed at the source. Run this again, or choose another database.',
    )
  }
}
