import type { Factor, FactorKind } from './factor.ts'

/** What a use of the factor changes; a name and a time of creation as well where another takes its place. */
export type FactorUse = Partial<
  Pick<Factor, 'secret' | 'counter' | 'lastUsedAt' | 'name' | 'createdAt'>
>

/** Where second factors are kept. Each operation is atomic on one row. */
export interface FactorStore {
  /** `taken` when another factor has the same external id: a passkey belongs to one account. */
  insertFactor(factor: Factor): Promise<'inserted' | 'taken'>
  /** Oldest first, at most 100. */
  listFactors(userId: string): Promise<readonly Factor[]>
  /** In order of their ids, those after this one: for what has to look at all of a kind, page by page. */
  listFactorsOfKind(kind: FactorKind, afterId: string, limit: number): Promise<readonly Factor[]>
  findFactorByExternalId(externalId: string): Promise<Factor | undefined>
  /**
   * Compare-and-swap: changes what `use` names while secret and counter are still those of `seen`. However many present
   * one code at once, one swaps.
   */
  swapFactor(seen: Factor, use: FactorUse): Promise<boolean>
  renameFactor(userId: string, id: string, name: string): Promise<boolean>
  deleteFactor(userId: string, id: string): Promise<boolean>
  /** Deletes the account's factors of an epoch lower than this one. They are dead already: this only clears them away. */
  deleteFactors(userId: string, belowEpoch: number): Promise<number>
}
