import assert from 'node:assert/strict'
import type { MailMessage } from './content.ts'

/** Where a test server's mails arrive, in process. */
export interface TestMailbox {
  readonly sendMail: (message: MailMessage) => Promise<void>
  readonly messages: MailMessage[]
  /** Waits for the next mail to this address, and takes it out. */
  readonly take: (to: string) => Promise<MailMessage>
  /** What stands behind the # of the next mail's link. */
  readonly takeToken: (to: string) => Promise<string>
}

export function createTestMailbox(): TestMailbox {
  const messages: MailMessage[] = []
  const take = async (to: string): Promise<MailMessage> => {
    for (let turn = 0; turn < 5_000; turn++) {
      const at = messages.findIndex((message) => message.to === to)
      if (at >= 0) return messages.splice(at, 1)[0] ?? assert.fail()
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    return assert.fail(`No mail to ${to}; there are ${JSON.stringify(messages)}`)
  }
  return {
    messages,
    sendMail: async (message) => void messages.push(message),
    take,
    takeToken: async (to) => tokenOf(await take(to)),
  }
}

export function tokenOf({ text }: MailMessage): string {
  return /^https?:\S+#(\S+)$/m.exec(text)?.[1] ?? assert.fail(text)
}
