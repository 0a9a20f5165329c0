// Schemas that several routes use. Those of answers document; answers are built from typed values and not checked again.

import { z } from 'zod'

const profile = z
  .strictObject({
    id: z.string(),
    username: z.string(),
    email: z.string().optional(),
    role: z.string(),
    roles: z.array(z.string()),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: 'Profile' })

const administeredProfile = profile
  .extend({ disabled: z.boolean() })
  .meta({ id: 'AdministeredProfile' })

const accessAnswer = z
  .strictObject({
    token: z.string().meta({ description: 'The same as accessToken' }),
    accessToken: z.string().meta({ description: 'A JWT (RFC 9068)' }),
    tokenType: z.literal('Bearer'),
    expiresIn: z.int().meta({ description: 'Seconds' }),
  })
  .meta({ id: 'AccessAnswer' })

export const profileSchema: z.ZodType = profile
export const administeredProfileSchema: z.ZodType = administeredProfile
export const shownUserSchema: z.ZodType = administeredProfile.extend({ sessions: z.int() })
export const accessAnswerSchema: z.ZodType = accessAnswer
export const tokenAnswerSchema: z.ZodType = accessAnswer
  .extend({
    csrfToken: z.string(),
    refreshToken: z.string().optional().meta({ description: 'With delivery "body" only' }),
    user: profile,
  })
  .meta({ id: 'TokenAnswer' })

// Rules that need more than a shape (NFKC, common passwords) are checked where accounts are opened; these describe them.
export const newUsernameSchema: z.ZodString = z.string().min(1).meta({
  description: '3 to 64 ASCII letters, digits, ".", "_" and "-", unique without regard to case',
  example: 'ada',
})

export const newPasswordSchema: z.ZodString = z.string().min(1).meta({
  description: '8 to 128 characters, any of them, taken exactly as sent; common ones are refused',
  example: 'correct horse battery staple',
})

export const emailSchema: z.ZodString = z
  .string()
  .meta({ description: 'An unverified note', example: 'ada@example.org' })

export const passwordSchema: z.ZodString = z
  .string()
  .min(1)
  .meta({ example: 'correct horse battery staple' })
