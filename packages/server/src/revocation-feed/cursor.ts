import { keyOf } from '../revocation/live-revocations.ts'
import type { Revocation } from '../revocation/store.ts'

/**
 * Where a consumer stands: it has everything up to `until`. Inside a list that takes several pages it also has what
 * comes up to `position` of those since `since`.
 */
export interface Cursor {
  readonly until: number
  readonly rest?: { readonly since: number; readonly at: number; readonly key: string }
}

const longest = 512
const pattern = /^(\d{1,16})(?:\.(\d{1,16})\.(\d{1,16})\.([su][\w-]{1,64}))?$/

export function writeCursor({ until, rest }: Cursor): string {
  return rest === undefined ? `${until}` : `${until}.${rest.since}.${rest.at}.${rest.key}`
}

/** Undefined for what was never ours. A cursor that somebody made up only asks for more or less of the same list. */
export function readCursor(text: string): Cursor | undefined {
  const [, until, since, at, key] = pattern.exec(text) ?? []
  if (until === undefined) return undefined
  if (since === undefined || at === undefined || key === undefined) return { until: Number(until) }
  return { until: Number(until), rest: { since: Number(since), at: Number(at), key } }
}

/** Cursors of other issuers are let pass and begin anew; what cannot be one is a mistake of the caller. */
export function isCursorText(text: string): boolean {
  return text.length <= longest && /^[\w.~-]+$/.test(text)
}

/** Whether the revocation comes after the position that an unfinished list has reached. */
export function isAfter(revocation: Revocation, { at, key }: { at: number; key: string }): boolean {
  return revocation.at > at || (revocation.at === at && keyOf(revocation) > key)
}
