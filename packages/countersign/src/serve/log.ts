import { destination, type Logger, pino, stdTimeFunctions } from 'pino'
import { hideSecrets } from './hide-secrets.ts'

/** Structured lines: to standard error for the command line, to standard output for the server. */
export function createLog(options: { readonly level: string; readonly fd?: number }): Logger {
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      // The code logs no secret anywhere; this is the second lock, for what errors and future code may carry.
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => hideSecrets(fields) as Record<string, unknown>,
      },
      // Errors are what the log shows of them by now.
      serializers: { err: (shown: unknown) => shown },
    },
    destination({ fd: options.fd ?? 2, sync: true }),
  )
}
