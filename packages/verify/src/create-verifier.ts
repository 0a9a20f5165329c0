import { checkClaims, freezeClaims, type AccessClaims, type ClaimRules } from './claims.ts'
import { splitCompactToken } from './compact-serialization.ts'
import { parseJsonObject } from './json-object.ts'
import { isFitForAlgorithm, type VerificationKey } from './keys.ts'
import { checkProtectedHeader } from './protected-header.ts'
import { rememberSignatures, type SignatureCheck } from './known-signatures.ts'
import { isSignatureValid } from './signature.ts'
import type { TokenFailure } from './token-failure.ts'
import { createVerifiedTokens, type VerifiedToken } from './verified-tokens.ts'

/** The claims of an accepted token, or the reason it was refused. */
export type Verification = { ok: true; claims: AccessClaims } | { ok: false; reason: TokenFailure }

/** What {@link createVerifier} holds tokens against. */
export interface VerifierOptions {
  /** The only issuer accepted, compared character by character. */
  issuer: string
  /** The name or names this service goes by; a token must be meant for one of them. */
  audience: string | string[]
  /**
   * Finds the key that a token's `kid` names; a synchronous look-up, never a fetch. Asked again
   * on every call: a key that it no longer finds, or another object in its place, ends the tokens
   * the old one signed.
   */
  findKey: (kid: string) => VerificationKey | undefined
  /** Asked when everything else holds, on every call. Default: nothing is revoked. */
  isRevoked?: (claims: AccessClaims) => boolean
  /** Whether `sid` and `epoch` must be there, as in the tokens Countersign issues; default false. */
  requireSession?: boolean
  /** The time in milliseconds since 1970; default Date.now. */
  clock?: () => number
  /** How many verified tokens are remembered; 0 switches that off; default 10,000. */
  cacheSize?: number
  /**
   * For how many more tokens it is remembered, in about 90 bytes each, that their signature holds: a
   * repeated one is read again and costs no signature check; default 0. For services with more users
   * at a time than `cacheSize`.
   */
  signatureCacheSize?: number
}

/** Verifies access tokens. */
export interface Verifier {
  /**
   * Verifies one token. Whatever is passed in, it answers and does not throw; only an error thrown
   * by `findKey`, `isRevoked` or `clock` passes through. The claims it returns are frozen.
   */
  readonly verify: (token: string) => Verification
}

const DEFAULT_CACHE_SIZE = 10_000

/**
 * Makes a verifier of JWT access tokens (RFC 9068). Throws a TypeError that names the mend when
 * an option cannot be right.
 */
export function createVerifier(options: VerifierOptions): Verifier {
  checkOptions(options)
  const { findKey, isRevoked, clock = Date.now, cacheSize = DEFAULT_CACHE_SIZE } = options
  const rules: ClaimRules = {
    issuer: options.issuer,
    audiences: new Set([options.audience].flat()),
    requireSession: options.requireSession ?? false,
  }
  const verifiedTokens = createVerifiedTokens(cacheSize)
  const checkSignature = rememberSignatures(isSignatureValid, options.signatureCacheSize ?? 0)

  function verify(token: string): Verification {
    if (typeof token !== 'string') return refuse('malformed')
    const nowSeconds = clock() / 1000
    let verified = verifiedTokens.find(token)
    if (verified !== undefined && !stillHolds(verified, findKey, nowSeconds)) {
      verifiedTokens.drop(token)
      verified = undefined
    }
    if (verified === undefined) {
      const outcome = verifyAfresh(token, findKey, checkSignature, rules, nowSeconds)
      if (typeof outcome === 'string') return refuse(outcome)
      verified = outcome
      verifiedTokens.keep(token, verified)
    }
    // Only an explicit false lets a token pass, so that a promise or a forgotten return refuses.
    const revoked: unknown = isRevoked === undefined ? false : isRevoked(verified.claims)
    if (revoked !== false) {
      verifiedTokens.drop(token)
      return refuse('revoked')
    }
    return verified.verification
  }

  return { verify }
}

/** Whether verifying again would come to the same answer; a clock set back makes that unsure. */
function stillHolds(
  verified: VerifiedToken,
  findKey: VerifierOptions['findKey'],
  nowSeconds: number,
): boolean {
  if (!(nowSeconds < verified.claims.exp && nowSeconds >= verified.verifiedAtSeconds)) return false
  const key = findKey(verified.kid)
  return key !== undefined && key.key === verified.key && key.algorithm === verified.algorithm
}

/** RFC 9068 §4 and RFC 7515 §5.2. The payload is not even parsed before its signature holds. */
function verifyAfresh(
  token: string,
  findKey: VerifierOptions['findKey'],
  checkSignature: SignatureCheck,
  rules: ClaimRules,
  nowSeconds: number,
): VerifiedToken | TokenFailure {
  const parts = splitCompactToken(token)
  if (typeof parts === 'string') return parts
  const header = checkProtectedHeader(parts.header)
  if (typeof header === 'string') return header

  const key = findKey(header.kid)
  if (key === undefined) return 'unknown_key'
  if (key.algorithm !== header.alg || !isFitForAlgorithm(key)) return 'wrong_algorithm'
  if (!checkSignature(key, parts.signingInput, parts.signature)) return 'bad_signature'

  const payload = parseJsonObject(parts.payload)
  if (payload === undefined) return 'invalid_json'
  const claims = checkClaims(payload, rules, nowSeconds)
  if (typeof claims === 'string') return claims
  return {
    kid: header.kid,
    key: key.key,
    algorithm: key.algorithm,
    verifiedAtSeconds: nowSeconds,
    claims: freezeClaims(claims),
    verification: Object.freeze({ ok: true, claims }),
  }
}

function refuse(reason: TokenFailure): Verification {
  return { ok: false, reason }
}

function checkOptions(options: VerifierOptions): void {
  if (!isName(options.issuer)) {
    throw new TypeError('Set "issuer" to the issuer whose tokens are accepted.')
  }
  const audiences = [options.audience].flat()
  if (audiences.length === 0 || !audiences.every(isName)) {
    throw new TypeError('Set "audience" to the name, or a list of the names, of this service.')
  }
  if (typeof options.findKey !== 'function') {
    throw new TypeError('Set "findKey" to a look-up of keys, such as importJwks returns.')
  }
  const { isRevoked, clock } = options
  if (isRevoked !== undefined && typeof isRevoked !== 'function') {
    throw new TypeError('Set "isRevoked" to a function, or leave it out.')
  }
  if (clock !== undefined && typeof clock !== 'function') {
    throw new TypeError('Set "clock" to a function that returns milliseconds, or leave it out.')
  }
  for (const name of ['cacheSize', 'signatureCacheSize'] as const) {
    const size = options[name]
    if (size !== undefined && !(Number.isSafeInteger(size) && size >= 0)) {
      throw new TypeError(`Set "${name}" to a whole number of tokens, 0 for none.`)
    }
  }
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}
