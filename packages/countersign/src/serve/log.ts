import { writeSync } from 'node:fs'
import { destination, type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino'
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
    openDestination(options.fd ?? standardError),
  )
}

const standardError = 2
/** What waits for a disk that is full; what comes beyond is lost. */
const mostWaitingBytes = 1_048_576
const tellEveryMs = 60_000

/** A log that cannot be written is lost and stops nothing; standard error says so, once a minute. */
function openDestination(fd: number): DestinationStream {
  const stream = destination({ fd, sync: true, maxLength: mostWaitingBytes })
  let toldAt = Number.NEGATIVE_INFINITY
  stream.on('error', ({ message }: Error) => {
    if (fd === standardError || performance.now() < toldAt + tellEveryMs) return
    toldAt = performance.now()
    try {
      writeSync(standardError, `The log cannot be written, and lines of it are lost: ${message}\n`)
    } catch {
      // Nobody hears it.
    }
  })
  return stream
}
