/** A step, known here or found in the database, and since when it is applied. */
export interface SchemaStep {
  readonly number: number
  readonly name: string
  readonly appliedAt: number | undefined
}
