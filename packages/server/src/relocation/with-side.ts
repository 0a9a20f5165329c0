import { existsSync } from 'node:fs'
import type { DatabaseSettings } from '../config/settings.ts'
import type { Clock } from '../foundation/clock.ts'
import { withMongodbSide } from './mongodb-side.ts'
import { MoveRefusedError } from './move-refused-error.ts'
import { withPostgresSide } from './postgres-side.ts'
import type { Side } from './side.ts'
import { withSqliteSide } from './sqlite-side.ts'

/** Opens the database for the move, and closes it whatever happens. */
export function withSide<T>(
  settings: DatabaseSettings,
  clock: Clock,
  use: (side: Side) => Promise<T>,
): Promise<T> {
  switch (settings.kind) {
    case 'sqlite':
      return withSqliteSide(settings, clock, use)
    case 'postgres':
      return withPostgresSide(settings, use)
    case 'mongodb':
      return withMongodbSide(settings, clock, use)
  }
}

/** @throws MoveRefusedError when there is nothing that could be moved */
export function checkSource(settings: DatabaseSettings): void {
  if (settings.kind !== 'sqlite') return
  const { file } = settings
  if (file === ':memory:' || !existsSync(file)) {
    const message = `There is no database ${file}: run this where the server runs, with its configuration.`
    throw new MoveRefusedError(message)
  }
}
