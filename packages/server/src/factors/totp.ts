import { createHmac, timingSafeEqual } from 'node:crypto'

/** RFC 4226 section 4, R6 recommends 160 bits; so long is the output of SHA-1, which every authenticator app knows. */
export const totpSecretBytes = 20

/** RFC 6238 section 5.2. */
export const totpStepSeconds = 30

/** An app's clock may be one step off in either direction. */
const window = 1

/** The code of a step (RFC 6238 with HMAC-SHA-1 and six digits). */
export function totpCode(secret: Uint8Array, step: number): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const digest = createHmac('sha1', secret).update(counter).digest()
  // RFC 4226 section 5.3: the last four bits say where to read.
  const offset = (digest.at(-1) ?? 0) & 15
  const number = digest.readUInt32BE(offset) & 0x7fff_ffff
  return String(number % 1_000_000).padStart(6, '0')
}

/**
 * The step whose code this is, if it is one of now and after the last one that was used: no step counts twice (RFC 6238
 * section 5.2).
 * @param now in milliseconds, of the store's clock and never of the caller's
 */
export function findTotpStep(
  secret: Uint8Array,
  code: string,
  now: number,
  lastUsed: number,
): number | undefined {
  const typed = code.replace(/\s/g, '')
  if (!/^[0-9]{6}$/.test(typed)) return undefined
  const present = Math.floor(now / 1000 / totpStepSeconds)
  let found: number | undefined
  for (let step = present - window; step <= present + window; step++) {
    const isIts = timingSafeEqual(Buffer.from(totpCode(secret, step)), Buffer.from(typed))
    // Of two steps with one code the earlier: the later one stays good for its own time.
    if (isIts && step > lastUsed) found ??= step
  }
  return found
}
