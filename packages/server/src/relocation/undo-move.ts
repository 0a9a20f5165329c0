import type { DatabaseSettings } from '../config/settings.ts'
import { type Clock, systemClock } from '../foundation/clock.ts'
import { explainMark, type MoveMark } from '../stores/move-mark.ts'
import { MoveRefusedError } from './move-refused-error.ts'
import { checkSource, withSide } from './with-side.ts'

/**
 * Takes the mark away that a move left in the database it was from, which then serves again as it was at that moment.
 * @returns the mark
 * @throws MoveRefusedError when it was never moved away
 */
export function undoMove(
  settings: DatabaseSettings,
  clock: Clock = systemClock,
): Promise<MoveMark> {
  checkSource(settings)
  return withSide(settings, clock, async (side) => {
    const mark = await side.readMark()
    if (mark === undefined) throw new MoveRefusedError(`${side.place} was not moved.`)
    if (mark.state === 'arriving') {
      const message = explainMark(mark)
      throw new MoveRefusedError(message)
    }
    await side.hold()
    await side.commit(undefined)
    return mark
  })
}
