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
  /** Accounts, and as many sessions, of which no client holds tokens. */
  readonly smallTable: number
  readonly largeTable: number
  /** Of each hot query's turn. */
  readonly hotQueryMs: number
  readonly mixedLoadSeconds: number
  readonly starts: number
  /** Log-outs whose way to another instance is timed. */
  readonly revocations: number
}

/** For a server at full load: it takes some fifteen seconds of that until what it runs is compiled. */
export function forServers(plan: Plan): Plan {
  return plan.isQuick ? plan : { ...plan, warmUpRounds: 5, rounds: 5 }
}

/** For turns that last longer than a machine that others share keeps its pace. */
export function forLogIns(plan: Plan): Plan {
  return plan.isQuick ? plan : { ...plan, warmUpRounds: 3, rounds: 7 }
}

/** For turns that are processes of their own: each warms up by itself, and the next one knows nothing of it. */
export function forProcesses(plan: Plan): Plan {
  return plan.isQuick ? plan : { ...plan, warmUpRounds: 1, rounds: 5 }
}

/** About twenty minutes. */
export const fullPlan: Plan = {
  isQuick: false,
  rounds: 3,
  warmUpRounds: 2,
  seconds: 3,
  loginClients: 64,
  fewAccounts: 1_000,
  manyAccounts: 100_000,
  smallTable: 10_000,
  largeTable: 1_000_000,
  hotQueryMs: 500,
  mixedLoadSeconds: 60,
  starts: 5,
  revocations: 100,
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
  smallTable: 1_000,
  largeTable: 5_000,
  hotQueryMs: 50,
  mixedLoadSeconds: 2,
  starts: 1,
  revocations: 3,
}
