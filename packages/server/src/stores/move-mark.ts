import { StoreUnavailableError } from '../foundation/store-failure.ts'
import type { AppliedMigration } from './sql/migrations/plan-migrations.ts'

/**
 * What a move leaves in a database that must not serve: the target while it is half full, the source when its content
 * has gone elsewhere.
 */
export interface MoveMark {
  /** `leaving` is a source while it is copied, where no lock keeps the instances away. */
  readonly state: 'arriving' | 'leaving' | 'moved'
  /** The same in both databases. */
  readonly id: string
  readonly at: number
  /** The other database, for people: a URL without user and password. */
  readonly place: string
}

/**
 * The mark is a row among the schema steps, before the first of them, which says that it ends every version: so do the
 * versions refuse it that do not know what it means.
 */
export const markNumber = 0

export function toMarkRow(mark: MoveMark): AppliedMigration {
  const name = `${mark.state} ${mark.place}`
  return { number: markNumber, name, checksum: mark.id, kind: 'contract', appliedAt: mark.at }
}

export function findMark(applied: readonly AppliedMigration[]): MoveMark | undefined {
  const row = applied.find(({ number }) => number === markNumber)
  if (row === undefined) return undefined
  const { name, checksum: id, appliedAt: at } = row
  const end = name.indexOf(' ')
  const word = name.slice(0, end)
  const state = word === 'leaving' || word === 'moved' ? word : 'arriving'
  return { state, id, at, place: name.slice(end + 1) }
}

export function withoutMark(applied: readonly AppliedMigration[]): readonly AppliedMigration[] {
  return applied.filter(({ number }) => number !== markNumber)
}

/** @throws StoreUnavailableError for a database that must not serve */
export function refuseMarked(applied: readonly AppliedMigration[]): void {
  const mark = findMark(applied)
  if (mark !== undefined) throw new StoreUnavailableError('schema', explainMark(mark))
}

export function explainMark(mark: MoveMark): string {
  switch (mark.state) {
    case 'arriving':
      return `A move from ${mark.place} into this database did not finish: run countersign move there again, or name another database.`
    case 'leaving':
      return `A move of this database to ${mark.place} did not finish: run it again, or give it up with countersign move --undo.`
    case 'moved':
      return (
        `This database was moved to ${mark.place} on ${new Date(mark.at).toISOString()}: set DATABASE_URL to that one. ` +
        'What is left here is old (countersign move --help tells the way back).'
      )
  }
}
