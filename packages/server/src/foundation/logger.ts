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

/** The same logger, whose failures stay its own: an act that is done is not undone because nobody could write it down. */
export function shieldLogger(logger: Logger): Logger {
  const shield =
    (level: keyof Logger): Logger['info'] =>
    (fields, message) => {
      try {
        logger[level](fields, message)
      } catch {
        // There is nowhere left to tell of it.
      }
    }
  return {
    debug: shield('debug'),
    info: shield('info'),
    warn: shield('warn'),
    error: shield('error'),
  }
}
