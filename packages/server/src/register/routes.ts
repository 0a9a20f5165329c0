// Register: how a stranger becomes a user. It owns the route and its limit; the account itself is opened by accounts/.

import { z } from 'zod'
import type { AccountOpener } from '../accounts/open-account.ts'
import { toProfile } from '../accounts/profile.ts'
import { recordAcceptedPassword } from '../accounts/record-accepted-password.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { RateLimit } from '../config/settings.ts'
import { toLimitKey } from '../http/client-address.ts'
import { problem } from '../http/problems.ts'
import type { AttemptLimits } from '../limits/attempt-limits.ts'
import { toVolumeLimit } from '../routing/count-call.ts'
import { explainAccountRefusal } from '../routing/explain-account-refusal.ts'
import { refuseAttempt } from '../routing/refuse-attempt.ts'
import { defineRoute, type Route } from '../routing/route.ts'
import {
  emailSchema,
  newPasswordSchema,
  newUsernameSchema,
  profileSchema,
} from '../routing/schemas.ts'

export interface RegisterParts {
  readonly opener: AccountOpener
  readonly attempts: AttemptLimits
  readonly audit: AuditLog
  readonly settings: {
    readonly registration: 'open' | 'closed'
    readonly rateLimitRegister: RateLimit
    readonly production: boolean
  }
}

export function registerRoutes(parts: RegisterParts): Route[] {
  const { opener, attempts, audit, settings } = parts
  const limit = toVolumeLimit(settings.rateLimitRegister)

  const register = defineRoute(
    {
      method: 'POST',
      path: '/api/auth/register',
      operationId: 'register',
      tag: 'Authentication',
      summary: 'Register',
      access: 'anyone',
      counting: 'caller',
      body: z.strictObject({
        username: newUsernameSchema,
        password: newPasswordSchema,
        email: emailSchema.optional(),
      }),
      missingMessage: 'Username and password are required',
      success: {
        status: 201,
        description: 'The account exists; log in to get tokens',
        schema: z.strictObject({
          message: z.string().meta({ examples: ['User registered successfully'] }),
          user: profileSchema,
        }),
      },
      problems: [
        'username_taken',
        'weak_password',
        'registration_closed',
        'too_many_requests',
        'busy',
      ],
    },
    async ({ body, context }) => {
      if (settings.registration === 'closed') return problem('registration_closed')
      const refusal = opener.check(body)
      if (refusal) return explainAccountRefusal(refusal)
      const attempt = await attempts.reserve('register', [toLimitKey(context.ip)], limit)
      if (!attempt.granted) {
        const { production } = settings
        const exceeded = { variable: 'RATE_LIMIT_REGISTER', kind: 'register' }
        return refuseAttempt({ audit, production }, attempt, exceeded, context)
      }
      const opened = await opener.open(body)
      if (!opened.ok) {
        // A registration counts either way; one that found no room to hash was none.
        if (opened.reason === 'busy') await attempt.release()
        return explainAccountRefusal(opened)
      }
      const { account, warning } = opened
      const who = { actorId: account.id, subjectId: account.id }
      await audit.record('account.registered', who, context)
      await recordAcceptedPassword(audit, warning, who, context)
      const message = 'User registered successfully'
      return { status: 201, body: { message, user: toProfile(account) } }
    },
  )
  return [register]
}
