/** How long and how often each figure is measured. */
export interface Plan {
  readonly isQuick: boolean
  /** Contenders are measured in turn, once a round. */
  readonly rounds: number
  /** Of each contender's turn. */
  readonly seconds: number
  readonly warmUpSeconds: number
  /** Who log in at the same time. */
  readonly loginClients: number
  /** Accounts, each with one session. */
  readonly fewAccounts: number
  readonly manyAccounts: number
  readonly mixedLoadSeconds: number
  readonly starts: number
}

/** About eight minutes. */
export const fullPlan: Plan = {
  isQuick: false,
  rounds: 5,
  seconds: 3,
  warmUpSeconds: 2,
  loginClients: 64,
  fewAccounts: 1_000,
  manyAccounts: 100_000,
  mixedLoadSeconds: 60,
  starts: 5,
}

/** Shows only that everything runs; its figures mean nothing. */
export const quickPlan: Plan = {
  isQuick: true,
  rounds: 1,
  seconds: 1,
  warmUpSeconds: 0,
  loginClients: 4,
  fewAccounts: 200,
  manyAccounts: 1_000,
  mixedLoadSeconds: 2,
  starts: 1,
}
