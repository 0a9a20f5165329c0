import { type EmailAddress, parseEmailAddress } from '../accounts/email-address.ts'
import type { Answer } from '../http/reply.ts'
import type { RequestContext } from '../http/request-context.ts'
import { invalidMember } from '../routing/explain-account-refusal.ts'
import { limitMail, type MailLimitParts } from './limit-mail.ts'

/**
 * Answers whoever asks for a mail to an address: the same, with the same work, whether it is anybody's or not. Whose it is
 * becomes a question when the mail is written.
 *
 * @param post puts the mail into the queue; its result is the body of the answer
 */
export async function acceptMailRequest(
  parts: MailLimitParts,
  typed: string,
  context: RequestContext,
  post: (email: EmailAddress) => Promise<{ readonly message: string }>,
): Promise<Answer> {
  const email = parseEmailAddress(typed)
  if (email === undefined) return invalidMember('email', 'This is not an e-mail address')
  const limited = await limitMail(parts, email.key, context)
  return limited ?? { status: 202, body: await post(email) }
}
