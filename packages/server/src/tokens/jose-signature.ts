const numberBytes = 32
const firstNumberAt = 2

/**
 * A P-256 signature as a JWS has it, two numbers of 32 bytes (RFC 7518 section 3.4), of one as OpenSSL makes it: a
 * SEQUENCE of two INTEGERs, each without zeros in front but for one that keeps it positive (RFC 3279 section 2.2.3). Node
 * does the same for `dsaEncoding: 'ieee-p1363'` through two big numbers, which takes as long as a twentieth of signing.
 */
export function toJoseSignature(der: Uint8Array): Buffer {
  const signature = Buffer.alloc(2 * numberBytes)
  const secondNumberAt = copyNumber(der, firstNumberAt, signature, numberBytes)
  copyNumber(der, secondNumberAt, signature, 2 * numberBytes)
  return signature
}

/** Copies the INTEGER that begins at `at` so that it ends before `end`. Returns where the next one begins. */
function copyNumber(der: Uint8Array, at: number, signature: Buffer, end: number): number {
  const next = at + 2 + (der[at + 1] ?? 0)
  for (let from = next - 1, to = end - 1; from > at + 1 && to >= end - numberBytes; from--, to--) {
    signature[to] = der[from] ?? 0
  }
  return next
}
