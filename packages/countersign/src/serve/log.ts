import { destination, type Logger, pino, stdTimeFunctions } from 'pino'

// The code logs no secret anywhere; this is the second lock, for what errors and future code may carry.
const secretNames = [
  'authorization',
  'cookie',
  'password',
  'currentPassword',
  'newPassword',
  'passwordHash',
  'token',
  'accessToken',
  'refreshToken',
  'csrfToken',
  'secret',
  'jwtSecret',
]

/** Structured lines: to standard error for the command line, to standard output for the server. */
export function createLog(options: { readonly level: string; readonly fd?: number }): Logger {
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`, `*.*.*.${name}`]),
        censor: '[redacted]',
      },
    },
    destination({ fd: options.fd ?? 2, sync: true }),
  )
}
