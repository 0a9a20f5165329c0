// The shared vectors, as questions and the answers that are right.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { InvalidVector, ValidVector } from '../vectors/vector.ts'
import type { Questions } from './answer-questions.fixture.ts'

interface Vectors extends Pick<Questions, 'now' | 'issuer' | 'audience' | 'jwks'> {
  readonly valid: readonly ValidVector[]
  readonly invalid: readonly InvalidVector[]
  readonly sharedSecret: {
    readonly kid: string
    readonly secret: string
    readonly valid: readonly ValidVector[]
    readonly invalid: readonly InvalidVector[]
  }
}

const file = join(import.meta.dirname, '../vectors/access-tokens.json')
const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vectors

export interface AskedVectors {
  readonly questions: Questions
  readonly names: readonly string[]
  /** The claims of those that are good, and the reasons of the others. */
  readonly right: readonly unknown[]
}

/** Those of published keys, and those of a secret. */
export const askedVectors: readonly AskedVectors[] = [
  ask(vectors, 'nobody', 'never used, and 32 bytes or more long'),
  ask(vectors.sharedSecret, vectors.sharedSecret.kid, vectors.sharedSecret.secret),
]

function ask(
  { valid, invalid }: Pick<Vectors, 'valid' | 'invalid'>,
  kid: string,
  secret: string,
): AskedVectors {
  const { now, issuer, audience, jwks } = vectors
  const k = Buffer.from(secret).toString('base64url')
  const tokens = [...valid, ...invalid].map(({ token }) => token)
  return {
    questions: {
      now,
      issuer,
      audience,
      jwks,
      tokens,
      secret: { kty: 'oct', alg: 'HS256', kid, k },
      keys: [],
    },
    names: [...valid, ...invalid].map(({ name }) => name),
    right: [...valid.map(({ claims }) => claims), ...invalid.map(({ reason }) => reason)],
  }
}

/** An answer as the vectors would have it. */
export function readAnswer(text: string): unknown {
  const [, claims] = /^accepted (.*)$/s.exec(text) ?? []
  return claims === undefined ? text : JSON.parse(claims)
}
