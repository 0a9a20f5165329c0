// Verifiers: what applications hold. This folder ties keys, tokens and revocations together and checks the options.

import type { Awaitable, Cryptography } from '../cryptography/cryptography.ts'
import type { KeyLookup, VerificationKey } from '../cryptography/keys.ts'
import { isJsonObject } from '../encoding/json-object.ts'
import type { AccessClaims } from '../tokens/claims.ts'
import { createTokenCheck, type TokenCheck } from '../tokens/check-token.ts'
import { checkCommonOptions, type CommonOptions, toClaimRules } from './common-options.ts'

/** What a verifier with given keys holds tokens against. */
export interface LocalVerifierOptions<Key> extends CommonOptions {
  /**
   * Finds the key that a token's `kid` names; a synchronous look-up, never a fetch. Asked again
   * on every call: a key that it no longer finds, or another object in its place, ends the tokens
   * the old one signed.
   */
  findKey: KeyLookup<Key>
  /** Asked when everything else holds, on every call. Default: nothing is revoked. */
  isRevoked?: (claims: AccessClaims) => boolean
}

/**
 * The checks of a verifier that fetches nothing. Throws a TypeError that names the mend when an option cannot be
 * right; afterwards only what `findKey`, `isRevoked` or `clock` throw passes through.
 */
export function createLocalTokenCheck<Key>(
  options: LocalVerifierOptions<Key>,
  cryptography: Cryptography<Key>,
): TokenCheck {
  const common = checkCommonOptions(options)
  if (typeof options.findKey !== 'function') {
    throw new TypeError('Set "findKey" to a look-up of keys, such as importJwks returns.')
  }
  const { findKey, isRevoked } = options
  if (isRevoked !== undefined && typeof isRevoked !== 'function') {
    throw new TypeError('Set "isRevoked" to a function, or leave it out.')
  }
  return createTokenCheck({
    ...common,
    cryptography,
    rules: toClaimRules(options, options.requireSession ?? false),
    findKey: (kid) => asKey(findKey(kid)),
    findRevocation: (claims): Awaitable<'revoked' | undefined> => {
      // Only an explicit false lets a token pass, so that a promise or a forgotten return refuses.
      const revoked: unknown = isRevoked === undefined ? false : isRevoked(claims)
      return revoked === false ? undefined : 'revoked'
    },
  })
}

/** A look-up without types may answer anything: a promise, say, is no key. */
export function asKey<Key>(
  found: VerificationKey<Key> | undefined,
): VerificationKey<Key> | undefined {
  return isJsonObject(found) && 'algorithm' in found ? found : undefined
}
