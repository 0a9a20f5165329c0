// Services: other programs of the operator that may ask about tokens: follow the revocation feed, introspect. This folder
// owns their credentials, which are made here and never chosen, so a plain hash keeps them. It does not know HTTP
// (credentials/) or what services ask (revocation-feed/, introspection/).

import { createHash, timingSafeEqual } from 'node:crypto'
import type { Randomness } from '../foundation/randomness.ts'

export interface Service {
  readonly id: string
  /** Unique without regard to case. */
  readonly name: string
  /** SHA-256 of the secret, which has 256 random bits: no guess finds it, so no slow hash is needed. */
  readonly secretHash: string
  readonly createdAt: number
}

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/** 1 to 64 ASCII letters, digits, dots, underscores and hyphens, the first a letter or digit. */
export function isServiceName(text: string): boolean {
  return namePattern.test(text)
}

export function makeServiceSecret(randomness: Randomness): { secret: string; secretHash: string } {
  const secret = randomness(32).toString('base64url')
  return { secret, secretHash: hashSecret(secret).toString('base64url') }
}

/** In constant time. Without a service the work is the same and the answer no. */
export function isServiceSecret(service: Service | undefined, secret: string): boolean {
  const expected = Buffer.from(service?.secretHash ?? '', 'base64url')
  const given = hashSecret(secret)
  return timingSafeEqual(given, expected.length === given.length ? expected : Buffer.alloc(32))
}

function hashSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}
