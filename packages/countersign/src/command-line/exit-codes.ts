/** What scripts can rely on. */
export const exitCodes = {
  done: 0,
  /** The database is not there, the port is taken, an unexpected failure. */
  failed: 1,
  /** The command line was not understood, or what it asks for cannot be asked for. */
  usage: 2,
  /** The configuration has mistakes. */
  configuration: 3,
  /**
   * There is no such account, the name is taken, the last administrator would go, the target is not empty, the key is
   * JWT_SECRET.
   */
  refused: 4,
  /** Schema steps are not applied yet. */
  pending: 5,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]
