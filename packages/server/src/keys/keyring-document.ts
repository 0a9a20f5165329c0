import { createPrivateKey } from 'node:crypto'
import { z } from 'zod'
import { ConfigurationError } from '../config/configuration-error.ts'
import { isSealedByNewest, type MasterSecrets, open, seal } from '../foundation/master-secret.ts'
import type { Randomness } from '../foundation/randomness.ts'
import { publicKeyOf, type SigningKey } from './signing-key.ts'

/** Everything that is kept about the signing keys, as one document. */
export interface KeyringContent {
  readonly keys: readonly SigningKey[]
  /** The longest life that any access token was ever given here, in seconds: nothing is forgotten before. */
  readonly longestTokenTtlSeconds: number
}

const documentSchema = z.strictObject({
  version: z.literal(1),
  longestTokenTtlSeconds: z.number(),
  keys: z.array(
    z.strictObject({
      kid: z.string(),
      algorithm: z.enum(['ES256', 'EdDSA', 'RS256', 'PS256']),
      /** PKCS #8, sealed under the master secret. */
      sealedPrivateKey: z.string(),
      createdAt: z.number(),
      activatesAt: z.number(),
      removesAt: z.number().nullable(),
    }),
  ),
})

// The secret may also stand in the file beside an embedded database.
const anotherSecret =
  'The signing keys were sealed under another master secret: put the one they were made with back, in its file beside ' +
  'the database, or as the only value of COUNTERSIGN_SECRET or after the new one (`new,old`).'

const purposeOf = (kid: string): string => `signing key ${kid}`

export function writeKeyringDocument(
  content: KeyringContent,
  secrets: MasterSecrets,
  randomness: Randomness,
): string {
  return JSON.stringify({
    version: 1,
    longestTokenTtlSeconds: content.longestTokenTtlSeconds,
    keys: content.keys.map(({ kid, algorithm, privateKey, createdAt, activatesAt, removesAt }) => {
      const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' })
      const sealedPrivateKey = seal(secrets, purposeOf(kid), pkcs8, randomness)
      return { kid, algorithm, sealedPrivateKey, createdAt, activatesAt, removesAt }
    }),
  })
}

export interface ReadKeyring extends KeyringContent {
  /** Whether an older master secret sealed a part of it. */
  readonly needsReseal: boolean
}

/**
 * @throws ConfigurationError when no known master secret opens a key. New keys in its place would kill every token and
 * hide the mistake.
 */
export function readKeyringDocument(document: string, secrets: MasterSecrets): ReadKeyring {
  const content = documentSchema.parse(JSON.parse(document))
  let needsReseal = false
  const keys = content.keys.map(({ sealedPrivateKey, ...key }): SigningKey => {
    const purpose = purposeOf(key.kid)
    const pkcs8 = open(secrets, purpose, sealedPrivateKey)
    if (pkcs8 === undefined) {
      throw new ConfigurationError([{ option: 'secret', message: anotherSecret }])
    }
    needsReseal ||= !isSealedByNewest(secrets, purpose, sealedPrivateKey)
    const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
    return { ...key, privateKey, publicKey: publicKeyOf(privateKey) }
  })
  return { keys, longestTokenTtlSeconds: content.longestTokenTtlSeconds, needsReseal }
}
