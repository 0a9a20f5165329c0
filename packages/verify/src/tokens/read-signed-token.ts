import type { Awaitable, Cryptography } from '../cryptography/cryptography.ts'
import type { VerificationKey } from '../cryptography/keys.ts'
import { type JsonObject, parseJsonObject, parseKnownObject } from '../encoding/json-object.ts'
import { payloadOf, startsWithPart } from './compact-serialization.ts'
import {
  andThen,
  checkSignature,
  isKeyFor,
  type KnownHeader,
  openToken,
  type TokenKind,
} from './open-token.ts'
import type { Outage, TokenFailure } from './token-failure.ts'

export type Refusal = TokenFailure | Outage

/** What a text holds, its form and signature being good. What it says is still to be checked. */
export interface SignedToken<Key> {
  kid: string
  key: VerificationKey<Key>
  payload: JsonObject
}

export interface SignedTokenParts<Key> {
  cryptography: Pick<Cryptography<Key>, 'isFit' | 'isSignatureValid' | 'knownSignatures'>
  /** Asked on every call: another object in a key's place ends the tokens the old one signed. */
  findKey: (kid: string) => Awaitable<VerificationKey<Key> | Outage | undefined>
}

type Reading<Key> = Awaitable<SignedToken<Key> | Refusal>

/** Reads texts of one kind. One that was good before is read again, and neither its form nor its signature is checked. */
export function createSignedTokenReader<Key>(
  { cryptography, findKey }: SignedTokenParts<Key>,
  kind: TokenKind,
): (token: string) => Reading<Key> {
  const { knownSignatures } = cryptography
  let knownHeader: KnownHeader | undefined

  function read(token: string): Reading<Key> {
    const header = knownHeader
    if (!knownSignatures || !header || !startsWithPart(token, header.headerText)) {
      return readAfresh(token)
    }
    return andThen(findKey(header.kid), (key) => {
      const isKnown =
        typeof key === 'object' &&
        isKeyFor(header, key, cryptography) &&
        knownSignatures.has(key, token)
      if (!isKnown) return readAfresh(token)
      return { kid: header.kid, key, payload: parseKnownObject(payloadOf(token)) }
    })
  }

  function readAfresh(token: string): Reading<Key> {
    const opened = openToken(token, kind, knownHeader)
    if (typeof opened === 'string') return opened
    const { headerText, kid, alg } = opened
    return andThen(findKey(kid), (key) => {
      if (typeof key === 'string') return key
      return andThen(
        checkSignature(opened, key, cryptography),
        (failure): SignedToken<Key> | Refusal => {
          if (failure !== undefined || key === undefined) return failure ?? 'unknown_key'
          // RFC 9068 §4. The payload is not even parsed before its signature holds.
          const payload = parseJsonObject(opened.payload)
          if (payload === undefined) return 'invalid_json'
          knownHeader = { headerText, kid, alg }
          knownSignatures?.add(key, token)
          return { kid, key, payload }
        },
      )
    })
  }

  return read
}
