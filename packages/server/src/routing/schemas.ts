// Schemas that several routes use. Those of answers document; answers are built from typed values and not checked again.

import { z } from 'zod'
import { factorKinds } from '../factors/factor.ts'

/** Which roles there are is configured, and checked where roles are given. */
export const roleSchema: z.ZodString = z.string().meta({ examples: ['user'] })

const profile = z
  .strictObject({
    id: z.string().meta({ examples: ['06h18npofg4let5pkl0da5olr4'] }),
    username: z.string().meta({ examples: ['ada'] }),
    email: z
      .string()
      .optional()
      .meta({ examples: ['ada@example.org'] }),
    emailVerified: z
      .boolean()
      .optional()
      .meta({ description: 'With an address', examples: [true] }),
    role: roleSchema,
    roles: z.array(z.string()).meta({ description: 'The role as a list', examples: [['user']] }),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: 'Profile' })

const administeredProfile = profile
  .extend({ disabled: z.boolean() })
  .meta({ id: 'AdministeredProfile' })

export const csrfTokenSchema: z.ZodString = z.string().meta({ examples: ['x6TqvSYUuGbZ…'] })
export const refreshTokenSchema: z.ZodString = z.string().meta({ examples: ['AQAAAZnF0np6…'] })

export const mfaTokenSchema: z.ZodString = z
  .string()
  .max(4096)
  .regex(/^[A-Za-z0-9_-]+$/, 'Expected the mfaToken of an answer')
  .meta({ description: 'Of a 401 `mfa_required`', examples: ['AZxP3f0…'] })

/** Where a token may be missing because a log-in waits for its first factor. */
export const enrollingTokenSchema: z.ZodOptional<z.ZodString> = mfaTokenSchema.optional().meta({
  description: 'Of a 401 `mfa_enrollment_required`, in place of an access token',
  examples: ['AZxP3f0…'],
})

export const deliverySchema: z.ZodOptional<z.ZodEnum<{ cookie: 'cookie'; body: 'body' }>> = z
  .enum(['cookie', 'body'])
  .optional()
  .meta({ description: 'Where the refresh token goes; a cookie when not sent' })

export const secondFactorSchema: z.ZodEnum<{
  totp: 'totp'
  recovery: 'recovery'
  email: 'email'
  password: 'password'
}> = z.enum(['totp', 'recovery', 'email', 'password'])

/** What stands beside the mailbox when a password is forgotten or an address taken back. */
export const recoveryFactorSchema: z.ZodEnum<{
  totp: 'totp'
  recovery: 'recovery'
  email: 'email'
  password: 'password'
  passkey: 'passkey'
}> = z.enum(['totp', 'recovery', 'email', 'password', 'passkey'])

export const factorCodeSchema: z.ZodString = z
  .string()
  .min(1)
  .max(512)
  .meta({ examples: ['492039'] })

/** What stands behind the # of a mail's link. */
export const linkTokenSchema: z.ZodString = z
  .string()
  .min(1)
  .max(4096)
  .meta({ description: 'What stands behind the `#` of the link', examples: ['AZxP3f0…'] })

export const mailAddressSchema: z.ZodString = z
  .string()
  .min(1)
  .max(320)
  .meta({ examples: ['ada@example.org'] })

export const mailSentSchema: z.ZodType = z
  .strictObject({
    message: z.string().meta({ examples: ['If the address is known, a mail is on its way'] }),
  })
  .meta({ id: 'MailSent' })

const exampleToken = 'eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9…'

const accessAnswer = z
  .strictObject({
    token: z.string().meta({ description: 'The same as `accessToken`', examples: [exampleToken] }),
    accessToken: z.string().meta({ description: 'A JWT (RFC 9068)', examples: [exampleToken] }),
    tokenType: z.literal('Bearer'),
    expiresIn: z.int().meta({ description: 'Seconds', examples: [900] }),
  })
  .meta({ id: 'AccessAnswer' })

export const profileSchema: z.ZodType = profile
export const administeredProfileSchema: z.ZodType = administeredProfile
export const shownUserSchema: z.ZodType = administeredProfile.extend({
  sessions: z
    .int()
    .min(0)
    .meta({ examples: [2] }),
})
export const accessAnswerSchema: z.ZodType = accessAnswer
export const tokenAnswerSchema: z.ZodType = accessAnswer
  .extend({
    csrfToken: csrfTokenSchema,
    refreshToken: refreshTokenSchema
      .optional()
      .meta({ description: 'With `delivery: "body"` only' }),
    user: profile,
  })
  .meta({ id: 'TokenAnswer' })

const shownFactor = z
  .strictObject({
    id: z.string().meta({ examples: ['06h18npofg4let5pkl0da5olr4'] }),
    kind: z.enum(factorKinds),
    name: z.string().meta({ examples: ['Phone'] }),
    createdAt: z.iso.datetime(),
    lastUsedAt: z.iso.datetime().nullable(),
    remaining: z
      .int()
      .min(0)
      .optional()
      .meta({ description: 'Of recovery codes: how many are left', examples: [9] }),
  })
  .meta({ id: 'Factor' })

export const shownFactorSchema: z.ZodType = shownFactor
/** A fresh access token for the session that asked; the whole of a log-in when an `mfaToken` asked. */
export const factorAddedSchema: z.ZodType = accessAnswer
  .extend({
    factor: shownFactor,
    csrfToken: csrfTokenSchema.optional(),
    refreshToken: refreshTokenSchema.optional(),
    user: profile.optional(),
  })
  .meta({
    id: 'FactorAdded',
    description: 'What a log-in answers beside the access token is there when an `mfaToken` asked',
  })
export const recoveryCodesAddedSchema: z.ZodType = accessAnswer
  .extend({
    factor: shownFactor,
    recoveryCodes: z.array(z.string().meta({ examples: ['7K3M-9QXT-2B8W-HV5N-4RJD-6YPF'] })),
  })
  .meta({ id: 'RecoveryCodesAdded' })

/** What people call a factor. */
export const factorNameSchema: z.ZodString = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[^\p{Cc}\p{Cs}]+$/u, 'No control characters')
  .meta({ examples: ['Phone'] })

// Rules that need more than a shape (NFKC, common passwords) are checked where accounts are opened; these describe them.
export const newUsernameSchema: z.ZodString = z
  .string()
  .min(1)
  .meta({
    description: '3 to 64 ASCII letters, digits, ".", "_" and "-", unique without regard to case',
    examples: ['ada'],
  })

export const newPasswordSchema: z.ZodString = z
  .string()
  .min(1)
  .meta({
    description: '8 to 128 characters, any of them, taken exactly as sent; common ones are refused',
    examples: ['correct horse battery staple'],
  })

export const emailSchema: z.ZodString = z
  .string()
  .meta({ description: 'Unverified until its mailbox confirms it', examples: ['ada@example.org'] })

export const passwordSchema: z.ZodString = z
  .string()
  .min(1)
  .meta({ examples: ['correct horse battery staple'] })
