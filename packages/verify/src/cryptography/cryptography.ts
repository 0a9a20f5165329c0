// Cryptography: keys and signatures, on Node's own and on WebCrypto. This folder owns which keys are fit for what and
// whether a signature holds. It knows no tokens (tokens/) and fetches nothing (issuer/).

import type { VerificationJwk } from './jwk.ts'
import type { VerificationKey } from './keys.ts'

/** A value, or the promise of one where the platform makes us wait. */
export type Awaitable<T> = T | Promise<T>

/** What a platform has to bring: all else is the same everywhere. */
export interface Cryptography<Key> {
  /** Whether the key may be used at all: of the kind and strength its algorithm needs. Never throws. */
  isFit(key: VerificationKey<Key>): boolean
  /** Whether the signature is the key's over the signing input (RFC 7515 §5.2). Never throws or rejects. */
  isSignatureValid(
    key: VerificationKey<Key>,
    signingInput: string,
    signature: Uint8Array<ArrayBuffer>,
  ): Awaitable<boolean>
  /** Where given, what was good once costs no signature check when it comes again. */
  readonly knownSignatures?: KnownSignatures<Key>
  /** @throws TypeError that names the mend when the JWK is no fit key */
  importKey(jwk: VerificationJwk): Awaitable<VerificationKey<Key>>
}

/** Remembers which texts were well formed and signed by which key. */
export interface KnownSignatures<Key> {
  has(key: VerificationKey<Key>, token: string): boolean
  add(key: VerificationKey<Key>, token: string): void
}
