/** The few calls that are made of a logger; pino's fit. */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

const drop = (): void => undefined

/** For a library whose host gave no logger. */
export const silentLogger: Logger = { debug: drop, info: drop, warn: drop, error: drop }
