import type { Awaitable, Cryptography } from '../cryptography/cryptography.ts'
import type { VerificationKey } from '../cryptography/keys.ts'
import { type CompactToken, splitCompactToken } from './compact-serialization.ts'
import { checkProtectedHeader, type ProtectedHeader } from './protected-header.ts'
import type { TokenFailure } from './token-failure.ts'

/** A kind of signed text: each has a type of its own, so that none passes for another (RFC 8725 §3.11 and §3.12). */
export interface TokenKind {
  /** What `typ` may be. */
  types: ReadonlySet<unknown>
  maxLength: number
}

/** A signed text taken apart, and not yet trusted. */
export type OpenedToken = Omit<CompactToken, 'header'> & ProtectedHeader

/** The header of a token that was good: most tokens of one key have the same, to the letter. */
export interface KnownHeader {
  headerText: string
  kid: string
  alg: string
}

/** RFC 7515 §5.2, as far as it goes without a key. */
export function openToken(
  token: string,
  kind: TokenKind,
  known?: KnownHeader,
): OpenedToken | TokenFailure {
  const parts = splitCompactToken(token, kind.maxLength, known?.headerText)
  if (typeof parts === 'string') return parts
  const header = parts.header === undefined ? known : checkProtectedHeader(parts.header, kind.types)
  if (header === undefined) return 'invalid_json'
  if (typeof header === 'string') return header
  const { headerText, payload, signature, signingInput } = parts
  return { headerText, payload, signature, signingInput, kid: header.kid, alg: header.alg }
}

/** Whether the key signed the text, by the one algorithm the key is for (RFC 8725 §3.1). */
export function checkSignature<Key>(
  opened: OpenedToken,
  key: VerificationKey<Key> | undefined,
  cryptography: Pick<Cryptography<Key>, 'isFit' | 'isSignatureValid'>,
): Awaitable<TokenFailure | undefined> {
  if (key === undefined) return 'unknown_key'
  if (!isKeyFor(opened, key, cryptography)) return 'wrong_algorithm'
  const isValid = cryptography.isSignatureValid(key, opened.signingInput, opened.signature)
  return andThen(isValid, (valid) => (valid ? undefined : 'bad_signature'))
}

/** RFC 8725 §3.1: a key is for one algorithm, and it is not the token that says for which. */
export function isKeyFor<Key>(
  { alg }: Pick<ProtectedHeader, 'alg'>,
  key: VerificationKey<Key>,
  { isFit }: Pick<Cryptography<Key>, 'isFit'>,
): boolean {
  return key.algorithm === alg && isFit(key)
}

/** One course of checks for platforms that answer at once and for those that make us wait. */
export function andThen<Value, Result>(
  value: Awaitable<Value>,
  next: (value: Value) => Awaitable<Result>,
): Awaitable<Result> {
  return value instanceof Promise ? value.then(next) : next(value)
}
