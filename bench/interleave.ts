/** What each contender measured, round by round. */
export type Rounds<Values> = { readonly [Name in keyof Values]: readonly Values[Name][] }

export interface RoundCounts {
  readonly rounds: number
  /** Rounds before them, whose measurements are thrown away. */
  readonly warmUpRounds: number
}

/**
 * Measures each contender once a round and turns the order round every time, so that neither a machine that grows busier
 * nor the place in the order favours anybody.
 */
export async function interleave<Values extends Readonly<Record<string, unknown>>>(
  { rounds, warmUpRounds }: RoundCounts,
  contenders: { readonly [Name in keyof Values]: () => Promise<Values[Name]> },
): Promise<Rounds<Values>> {
  const entries = Object.entries(contenders) as [string, () => Promise<unknown>][]
  const measured = new Map(entries.map(([name]) => [name, [] as unknown[]]))
  for (let round = 0; round < warmUpRounds + rounds; round++) {
    for (const [name, measure] of round % 2 === 0 ? entries : entries.toReversed()) {
      const value = await measure()
      if (round >= warmUpRounds) measured.get(name)?.push(value)
    }
  }
  return Object.fromEntries(measured) as unknown as Rounds<Values>
}
