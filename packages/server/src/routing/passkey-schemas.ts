// What browsers make of a credential (`toJSON()`, WebAuthn Level 3, section 5.1): the members that count here. Browsers
// send others beside them, and later ones more, so that what is not known is left out and not refused.

import { z } from 'zod'

export interface PasskeyRegistration {
  readonly id: string
  readonly rawId: string
  readonly type: 'public-key'
  readonly response: {
    readonly clientDataJSON: string
    readonly attestationObject: string
    readonly transports?: readonly string[] | undefined
  }
}

export interface PasskeyAssertion {
  readonly id: string
  readonly rawId: string
  readonly type: 'public-key'
  readonly response: {
    readonly clientDataJSON: string
    readonly authenticatorData: string
    readonly signature: string
    readonly userHandle?: string | undefined
  }
}

const base64url = (longest: number, example: string) =>
  z
    .string()
    .min(1)
    .max(longest)
    .regex(/^[A-Za-z0-9_-]+$/, 'Expected base64url without padding')
    .meta({ examples: [example] })

// 1023 bytes at most (section 4).
const credentialId = base64url(1364, 'q1Y3v0cK3mXZ')
const clientDataJSON = base64url(4096, 'eyJ0eXBlIjoid2ViYXV0aG4uZ2V0IiwiY2hhbGxlbmdlIjoi')
const transport = z
  .string()
  .min(1)
  .max(32)
  .meta({ examples: ['internal'] })

const shown = <T>(schema: z.ZodType<T>, example: T) => schema.meta({ examples: [example] })
const challenge = shown(z.string(), 'AZxP3f0Kq8W1nT5rYb2cVg')
const timeout = shown(z.int(), 300_000)
const rpId = shown(z.string(), 'example.com')

export const passkeyRegistrationSchema: z.ZodType<PasskeyRegistration> = z
  .object({
    id: credentialId,
    rawId: credentialId,
    type: z.literal('public-key'),
    response: z.object({
      clientDataJSON,
      attestationObject: base64url(8192, 'o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YVg'),
      transports: z.array(transport).max(16).optional(),
    }),
  })
  .meta({ id: 'PasskeyRegistration', description: 'RegistrationResponseJSON' })

export const passkeyAssertionSchema: z.ZodType<PasskeyAssertion> = z
  .object({
    id: credentialId,
    rawId: credentialId,
    type: z.literal('public-key'),
    response: z.object({
      clientDataJSON,
      authenticatorData: base64url(4096, 'SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2MFAAAAAQ'),
      signature: base64url(2048, 'MEUCIQDx0'),
      // Browsers say null where there is none.
      userHandle: base64url(88, 'MDZoMThucG9mZzRsZXQ1cGtsMGRhNW9scjQ')
        .nullish()
        .transform((handle) => handle ?? undefined),
    }),
  })
  .meta({ id: 'PasskeyAssertion', description: 'AuthenticationResponseJSON' })

const descriptor = z.strictObject({
  type: z.literal('public-key'),
  id: credentialId,
  transports: z.array(transport),
})

export const creationOptionsSchema: z.ZodType = z
  .strictObject({
    rp: z.strictObject({ id: rpId, name: shown(z.string(), 'Shop') }),
    user: z.strictObject({
      id: shown(z.string(), 'MDZoMThucG9mZzRsZXQ1cGtsMGRhNW9scjQ'),
      name: shown(z.string(), 'ada'),
      displayName: shown(z.string(), 'ada'),
    }),
    challenge,
    pubKeyCredParams: z.array(
      z.strictObject({ type: z.literal('public-key'), alg: shown(z.int(), -7) }),
    ),
    timeout,
    excludeCredentials: z.array(descriptor),
    authenticatorSelection: z.strictObject({
      residentKey: z.literal('preferred'),
      requireResidentKey: z.literal(false),
      userVerification: z.literal('preferred'),
    }),
    attestation: z.literal('none'),
    extensions: z.strictObject({ credProps: z.literal(true) }),
  })
  .meta({ id: 'PasskeyCreationOptions', description: 'PublicKeyCredentialCreationOptionsJSON' })

export const requestOptionsSchema: z.ZodType = z
  .strictObject({
    challenge,
    timeout,
    rpId,
    allowCredentials: z.array(descriptor),
    userVerification: z.enum(['required', 'preferred']),
  })
  .meta({ id: 'PasskeyRequestOptions', description: 'PublicKeyCredentialRequestOptionsJSON' })
