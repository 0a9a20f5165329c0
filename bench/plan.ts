/** How long and how often each figure is measured. */
export interface Plan {
  readonly isQuick: boolean
  /** Contenders are measured in turn, once a round. */
  readonly rounds: number
  /** Rounds before them that do not count: until what runs is compiled. */
  readonly warmUpRounds: number
  /** Of each contender's turn. */
  readonly seconds: number
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
  warmUpRounds: 1,
  seconds: 3,
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
  warmUpRounds: 0,
  seconds: 1,
  loginClients: 4,
  fewAccounts: 200,
  manyAccounts: 1_000,
  mixedLoadSeconds: 2,
  starts: 1,
}
