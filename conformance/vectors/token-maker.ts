import { signWith, stillSigns, type VectorKey } from './vector-keys.ts'

/** Makes tokens, and keeps the signatures of an earlier run, so that what did not change stays the same. */
export class TokenMaker {
  /** By the text that is signed; forged tokens share it with the true one. */
  readonly #earlier: ReadonlyMap<string, readonly Buffer[]>

  /** @param earlier tokens of an earlier run */
  constructor(earlier: Iterable<string>) {
    const signatures = new Map<string, Buffer[]>()
    for (const token of earlier) {
      const end = token.lastIndexOf('.')
      const signature = Buffer.from(token.slice(end + 1), 'base64url')
      signatures.set(token.slice(0, end), [
        ...(signatures.get(token.slice(0, end)) ?? []),
        signature,
      ])
    }
    this.#earlier = signatures
  }

  /** A signed token; header and claims are taken as they are when they are text or bytes. */
  sign(
    key: VectorKey,
    claims: object | string | Uint8Array,
    header: object | string | Uint8Array = headerOf(key),
    alg: string = key.alg,
  ): string {
    return this.signText(key, `${encode(header)}.${encode(claims)}`, alg)
  }

  signText(key: VectorKey, text: string, alg: string = key.alg): string {
    return `${text}.${this.signature(key, text, alg).toString('base64url')}`
  }

  signature(key: VectorKey, text: string, alg: string = key.alg): Buffer {
    const known = this.#earlier.get(text)?.find((bytes) => stillSigns(key, alg, text, bytes))
    return known ?? signWith(key, alg, text)
  }
}

export function headerOf({ kid, alg }: VectorKey): { typ: string; alg: string; kid: string } {
  return { typ: 'at+jwt', alg, kid }
}

export function encode(part: object | string | Uint8Array): string {
  const isRaw = typeof part === 'string' || part instanceof Uint8Array
  return Buffer.from(isRaw ? part : JSON.stringify(part)).toString('base64url')
}
