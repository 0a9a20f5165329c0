import type { Spread } from './statistics.ts'

export type Unit = '/s' | 'ms' | 's' | 'MiB' | 'µs' | 'ns' | 'fetches'

/** What a figure has to reach: its own value, or its ratio to what stands beside it. */
export interface Target {
  readonly of: 'value' | 'ratio'
  readonly rule: 'at least' | 'below'
  readonly bound: number
}

/** One line of a table. */
export interface Result {
  readonly figure: string
  readonly unit: Unit
  readonly value: Spread
  /** What it is held against, measured in turn with it. */
  readonly beside?: { readonly name: string; readonly unit: Unit; readonly value: Spread }
  readonly ratio?: Spread
  readonly target?: Target
}

export interface Section {
  readonly title: string
  /** How it was measured, in a sentence or two. */
  readonly method: string
  readonly results: readonly Result[]
  /** What a reader of these figures must know: a generator that was slower than the server, for example. */
  readonly notes: readonly string[]
  /** Of many like results the README shows the worst alone. Default: all that have a target. */
  readonly summary?: 'worst ratio'
}

/** Undefined when there is no target. */
export function isMet({ target, value, ratio }: Result): boolean | undefined {
  if (target === undefined) return undefined
  const measured = target.of === 'value' ? value.median : ratio?.median
  if (measured === undefined) return false
  return target.rule === 'at least' ? measured >= target.bound : measured < target.bound
}
