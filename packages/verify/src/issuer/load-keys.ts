import type { Cryptography } from '../cryptography/cryptography.ts'
import {
  chooseUsable,
  importSupported,
  type UnderstoodJwk,
  type VerificationJwks,
} from '../cryptography/jwk.ts'
import type { VerificationKey } from '../cryptography/keys.ts'
import { parseJsonObject } from '../encoding/json-object.ts'
import { ACCEPT_JSON } from './discover.ts'
import { type Fetch, fetchDocument } from './fetch-document.ts'

/** The keys as they were published at one time. */
export interface LoadedKeys<Key> {
  keys: ReadonlyMap<string, VerificationKey<Key>>
  /** How long the issuer lets them be kept; undefined when it does not say. */
  maxAgeSeconds: number | undefined
}

const MAX_KEY_SET_BYTES = 262_144

/**
 * Makes a loader of the key set at an address. A key whose JWK has not changed stays the same object, so that the
 * tokens it verified need not be verified again.
 *
 * The loader rejects with an Error that says what is wrong.
 */
export function createKeyLoader<Key>(
  cryptography: Cryptography<Key>,
  fetch: Fetch,
  timeoutMs: number,
): (jwksUri: string) => Promise<LoadedKeys<Key>> {
  let imported = new Map<string, VerificationKey<Key>>()
  return async (jwksUri) => {
    const { bytes, headers } = await fetchDocument(fetch, {
      url: jwksUri,
      name: 'key set',
      headers: ACCEPT_JSON,
      maxBytes: MAX_KEY_SET_BYTES,
      timeoutMs,
    })
    const jwks = parseJsonObject(bytes)
    if (jwks === undefined) throw new Error(`The key set at ${jwksUri} is not a JSON object.`)
    // Its members are checked one by one before any is used.
    const usable = chooseUsable(jwks as unknown as VerificationJwks)
    const next = new Map<string, VerificationKey<Key>>()
    await importSupported(usable, async (jwk) => {
      const spelling = spell(jwk)
      next.set(spelling, imported.get(spelling) ?? (await cryptography.importKey(jwk)))
    })
    imported = next
    const keys = new Map([...next.values()].map((key) => [key.kid, key]))
    return { keys, maxAgeSeconds: readMaxAge(headers) }
  }
}

/** Equal for equal keys only: everything that makes the key, and everything that is checked of it. */
function spell(jwk: UnderstoodJwk): string {
  return JSON.stringify(Object.entries(jwk).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** RFC 9111 §4.2: what `max-age` leaves after the time in caches on the way. */
function readMaxAge(headers: Headers): number | undefined {
  const directives = headers.get('cache-control')?.toLowerCase() ?? ''
  if (/(^|[\s,])no-(store|cache)($|[\s,])/.test(directives)) return 0
  const maxAge = /(?:^|[\s,])max-age="?(\d{1,10})/.exec(directives)?.[1]
  const age = /^\d{1,10}$/.exec(headers.get('age') ?? '')?.[0] ?? '0'
  return maxAge === undefined ? undefined : Math.max(0, Number(maxAge) - Number(age))
}
