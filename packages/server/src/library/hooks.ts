import type { AuditEvent } from '../audit/event.ts'
import type { ConfigurationMistake } from '../config/configuration-error.ts'
import type { Clock } from '../foundation/clock.ts'
import type { Logger } from '../foundation/logger.ts'
import type { Randomness } from '../foundation/randomness.ts'
import type { MailMessage } from '../mail/content.ts'
import type { MailTexts } from '../mail/texts/en.ts'
import type { ClaimsHook } from '../tokens/issue-access-token.ts'

/** What a host application may do from within. */
export interface Hooks {
  /** More claims for every access token; see ClaimsHook for the names that are taken. */
  claims?: ClaimsHook | undefined
  /** Told of every audit event after it is stored: registration, log-in, theft … Not waited for; what it throws is logged. */
  onEvent?: ((event: AuditEvent) => void | Promise<void>) | undefined
  /** Sends mails in place of SMTP_URL, through whatever service. What it throws is logged, and it is asked again later. */
  sendMail?: ((message: MailMessage) => Promise<void>) | undefined
  /** The words of the mails, in place of the English ones. */
  mailTexts?: Partial<MailTexts> | undefined
  /** Default: silence. Pino's loggers fit. */
  logger?: Logger | undefined
  /** Default: the system's. */
  clock?: Clock | undefined
  /** Only for tests that decide what time it is: what the store tells. Default: the database's own time. */
  storeTime?: Clock
  /** Default: the system's. */
  randomness?: Randomness | undefined
}

const functions = ['claims', 'onEvent', 'sendMail', 'clock', 'randomness'] as const
const levels = ['debug', 'info', 'warn', 'error'] as const

/** What the compiler would say, for hosts without one. */
export function checkHooks(hooks: Hooks): ConfigurationMistake[] {
  const mistakes: string[] = []
  for (const name of functions) {
    if (!['undefined', 'function'].includes(typeof hooks[name])) {
      mistakes.push(`${name}: It has to be a function.`)
    }
  }
  const logger: Partial<Logger> | undefined = hooks.logger
  const missing = logger ? levels.filter((level) => typeof logger[level] !== 'function') : []
  if (missing.length > 0) {
    mistakes.push(`logger: It needs ${missing.join(', ')}, each a function; pino's loggers fit.`)
  }
  return mistakes.map((message) => ({ option: undefined, message }))
}
