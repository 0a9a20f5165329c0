// Password change: the one act that ends every session but the one that asks.

import { z } from 'zod'
import type { Account } from '../accounts/account.ts'
import type { PasswordPolicy } from '../accounts/open-account.ts'
import { recordAcceptedPassword } from '../accounts/record-accepted-password.ts'
import { keepSession, type KeepSessionParts } from '../authentication/keep-session.ts'
import { type PasswordAttemptParts, reservePassword } from '../authentication/reserve-password.ts'
import { type Problem, problem } from '../http/problems.ts'
import type { RequestContext } from '../http/request-context.ts'
import { checkNewPassword } from '../passwords/check-password.ts'
import type { PasswordHasher } from '../passwords/password-hasher.ts'
import type { RevokingStore } from '../revocation/revoking-store.ts'
import { busy, weakPassword } from '../routing/explain-account-refusal.ts'
import { defineRoute, type Route } from '../routing/route.ts'
import { accessAnswerSchema, newPasswordSchema, passwordSchema } from '../routing/schemas.ts'

export interface PasswordChangeParts extends KeepSessionParts, PasswordAttemptParts {
  readonly revoking: Pick<RevokingStore, 'changePassword'>
  readonly hasher: PasswordHasher
  readonly policy: PasswordPolicy
}

export function passwordChangeRoutes(parts: PasswordChangeParts): Route[] {
  const { audit } = parts
  const change = defineRoute(
    {
      method: 'POST',
      path: '/api/auth/password',
      operationId: 'changePassword',
      tag: 'Authentication',
      summary: 'Change your password',
      description:
        'Every other session ends and every earlier access token is dead, the one of this call included: go on with the ' +
        'token of the answer. The own refresh token stays good.',
      access: 'bearer',
      counting: 'caller',
      body: z.strictObject({ currentPassword: passwordSchema, newPassword: newPasswordSchema }),
      success: { status: 200, description: 'A fresh access token', schema: accessAnswerSchema },
      problems: ['invalid_password', 'weak_password', 'too_many_requests', 'busy'],
    },
    async ({ body: wish, principal, context }) => {
      const { account, sessionId } = principal
      const policy = { ...parts.policy, username: account.username, email: account.email }
      const checked = checkNewPassword(wish.newPassword, policy)
      if (!checked.ok) return weakPassword('newPassword', checked)
      const changed = await replacePassword(parts, account, wish, context)
      if ('problem' in changed) return changed
      const kept = await keepSession(
        parts,
        { before: account, raised: changed, sessionId },
        context,
      )
      const who = { actorId: account.id, subjectId: account.id }
      await audit.record('password.changed', { ...who, sessionId }, context)
      await recordAcceptedPassword(audit, checked.warning, who, context)
      if (kept === undefined) return problem('invalid_token')
      return { status: 200, body: kept.access, cookies: kept.cookies }
    },
  )
  return [change]
}

/** Proves the current password and swaps the hash, both or neither. */
async function replacePassword(
  parts: PasswordChangeParts,
  account: Account,
  wish: { readonly currentPassword: string; readonly newPassword: string },
  context: RequestContext,
): Promise<Account | Problem> {
  const { hasher, audit, revoking, credentials } = parts
  const attempt = await reservePassword(parts, account, context)
  if ('problem' in attempt) return attempt
  const verified = await hasher.verify(wish.currentPassword, account.passwordHash)
  if (verified.ok && !verified.matches) {
    const facts = { actorId: account.id, subjectId: account.id }
    await audit.record('password.change_failed', facts, context)
    return problem('invalid_password')
  }
  const hashed = verified.ok ? await hasher.hash(wish.newPassword) : verified
  await attempt.release()
  if (!hashed.ok) return busy(hashed.retryAfterSeconds)
  // What was seen is what is replaced: a change that came in between wins, and so does whoever ended all sessions.
  const seen = { from: account.passwordHash, seenEpoch: account.sessionEpoch }
  const change = { ...seen, to: hashed.hash }
  const changed = await revoking.changePassword(account.id, change, credentials.clock())
  return changed ?? problem('invalid_token')
}
