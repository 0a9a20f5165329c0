import { z } from 'zod'
import type { FactorChanges } from '../authentication/change-factors.ts'
import { base32, encodeBase32 } from '../foundation/base32.ts'
import { problem } from '../http/problems.ts'
import { defineRoute, type Route } from '../routing/route.ts'
import {
  enrollingTokenSchema,
  factorAddedSchema,
  factorCodeSchema,
  factorNameSchema,
} from '../routing/schemas.ts'
import { drawQrCode } from './qr-code.ts'
import {
  beginEnrollment,
  confirmEnrollment,
  enrollmentLifeMs,
  otpauthUri,
  type TotpParts,
} from './totp-factor.ts'

export interface TotpRouteParts extends TotpParts {
  readonly factorChanges: Pick<FactorChanges, 'admit' | 'add'>
  /** The name under which apps show the account. */
  readonly serviceName: string
}

const enrollmentSchema = z
  .strictObject({
    secret: z.string().meta({
      description: 'In base32, to be typed',
      examples: ['JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'],
    }),
    uri: z.string().meta({
      description: 'What the QR code says',
      examples: ['otpauth://totp/Shop:ada?secret=…'],
    }),
    qrCode: z.string().meta({ description: 'An SVG', examples: ['<svg …>…</svg>'] }),
    expiresIn: z.int().meta({ description: 'Seconds', examples: [600] }),
  })
  .meta({ id: 'TotpEnrollment' })

export function totpRoutes(parts: TotpRouteParts): Route[] {
  return [beginRoute(parts), confirmRoute(parts)]
}

function beginRoute(parts: TotpRouteParts): Route {
  return defineRoute(
    {
      method: 'POST',
      path: '/api/auth/mfa/totp',
      operationId: 'beginTotpEnrollment',
      tag: 'Second factors',
      summary: 'Begin to add an authenticator app',
      description:
        'The answer holds a fresh secret (RFC 6238: SHA-1, six digits, 30 seconds). Nothing changes until a code that is ' +
        'made from it confirms it; beginning again makes the one before void.',
      access: 'enrolling',
      recentAuthentication: true,
      counting: 'caller',
      body: z.strictObject({ mfaToken: enrollingTokenSchema }).optional(),
      success: { status: 200, description: 'A secret that waits', schema: enrollmentSchema },
      problems: ['invalid_mfa_token'],
    },
    async ({ principal, body }) => {
      const admitted = await parts.factorChanges.admit({ principal, ...body })
      if ('problem' in admitted) return admitted
      const { account } = admitted
      const secret = await beginEnrollment(parts, account)
      const uri = otpauthUri(parts.serviceName, account.username, secret)
      const expiresIn = enrollmentLifeMs / 1000
      return {
        status: 200,
        body: { secret: encodeBase32(secret, base32), uri, qrCode: drawQrCode(uri), expiresIn },
      }
    },
  )
}

function confirmRoute(parts: TotpRouteParts): Route {
  return defineRoute(
    {
      method: 'POST',
      path: '/api/auth/mfa/totp/confirm',
      operationId: 'confirmTotpEnrollment',
      tag: 'Second factors',
      summary: 'Add the authenticator app that makes this code',
      description:
        'An account has one authenticator app: a new one takes the place of the one before. Every other session ends and ' +
        'every earlier access token is dead, the one of this call included: go on with the token of the answer. A ' +
        'log-in that waits with an `mfaToken` is completed.',
      access: 'enrolling',
      recentAuthentication: true,
      counting: 'caller',
      body: z.strictObject({
        code: factorCodeSchema,
        name: factorNameSchema.optional(),
        mfaToken: enrollingTokenSchema,
      }),
      success: { status: 200, description: 'It is a second factor', schema: factorAddedSchema },
      problems: ['invalid_code', 'invalid_mfa_token', 'too_many_factors'],
    },
    async ({ principal, body, context }) => {
      const { code, name, mfaToken } = body
      const request = { principal, mfaToken }
      const admitted = await parts.factorChanges.admit(request)
      if ('problem' in admitted) return admitted
      const { account } = admitted
      const confirmed = await confirmEnrollment(parts, account, code)
      if (confirmed === undefined) return problem('invalid_code')
      const factor = {
        kind: 'totp',
        name: name ?? 'Authenticator app',
        // One of an account, and another after an account recovery, which this one would not survive.
        externalId: `totp ${account.id} ${account.factorEpoch}`,
        ...confirmed,
        replaces: true,
      } as const
      return parts.factorChanges.add(request, { factor }, context)
    },
  )
}
