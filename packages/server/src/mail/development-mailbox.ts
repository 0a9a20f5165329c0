import type { Logger } from '../foundation/logger.ts'
import type { MailMessage } from './content.ts'
import type { MailTransport } from './outbox.ts'

/** Where mails go on a developer's machine: to the log and to memory, never to anybody. */
export interface DevelopmentMailbox extends MailTransport {
  /** The last ones, newest first. */
  messages(): readonly MailMessage[]
}

const kept = 50

export function createDevelopmentMailbox(logger: Logger): DevelopmentMailbox {
  const held: MailMessage[] = []
  return {
    description: 'the development mailbox',
    send: async (message) => {
      held.unshift(message)
      held.length = Math.min(held.length, kept)
      const { to, subject, text } = message
      logger.info({ to, subject }, `A mail was not sent, because SMTP_URL is not set:\n${text}`)
    },
    messages: () => held,
    close: () => undefined,
  }
}
