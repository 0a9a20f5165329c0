/** A numbered step from one schema to the next. Once released it never changes: its checksum is kept and compared. */
export interface Migration {
  readonly number: number
  readonly name: string
  readonly statements: readonly string[]
}
