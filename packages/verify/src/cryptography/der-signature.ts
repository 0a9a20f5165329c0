/** SEQUENCE and INTEGER with their lengths, and a zero byte before each number whose first bit is set. */
const DER_MAX_OVERHEAD = 8
const SEQUENCE = 0x30
const INTEGER = 0x02

/**
 * An ECDSA signature as OpenSSL keeps it (RFC 3279 §2.2.3), of one as a JWS has it: two numbers of the same length
 * (RFC 7518 §3.4). Node would do the same on the way to OpenSSL, through two big numbers, for 3 % of a verification.
 */
export function toDerSignature(signature: Uint8Array): Uint8Array {
  const der = Buffer.allocUnsafe(signature.length + DER_MAX_OVERHEAD)
  const half = signature.length / 2
  const end = writeInteger(der, writeInteger(der, 2, signature, 0, half), signature, half, 2 * half)
  der[0] = SEQUENCE
  der[1] = end - 2
  return der.subarray(0, end)
}

/** The number as short as it can be, and never negative (X.690 §8.3). Returns where the next one goes. */
function writeInteger(
  der: Uint8Array,
  at: number,
  bytes: Uint8Array,
  from: number,
  to: number,
): number {
  let first = from
  while (first < to - 1 && bytes[first] === 0) first++
  const isPadded = (bytes[first] ?? 0) >= 0x80
  let next = at
  der[next++] = INTEGER
  der[next++] = to - first + (isPadded ? 1 : 0)
  if (isPadded) der[next++] = 0
  while (first < to) der[next++] = bytes[first++] ?? 0
  return next
}
