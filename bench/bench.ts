import type { Cores } from './machine.ts'
import type { Plan } from './plan.ts'

/** What a measurement is given. */
export interface Bench {
  readonly plan: Plan
  readonly cores: Cores
  /** Empty, removed after the run. */
  readonly directory: string
}
