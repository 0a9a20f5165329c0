// An authenticator app for tests: it knows what the QR code or the typed secret told it, and the time.

import { totpCode, totpStepSeconds } from '../factors/totp.ts'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** @param secret in base32, as the server shows it */
export function codeOf(secret: string, now: number, shift = 0): string {
  const bits = [...secret].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, '0'))
  const bytes = bits.join('').match(/.{8}/g) ?? []
  const key = Buffer.from(bytes.map((byte) => Number.parseInt(byte, 2)))
  return totpCode(key, Math.floor(now / 1000 / totpStepSeconds) + shift)
}

/** Six digits that are none of those that would be accepted now. */
export function wrongCode(secret: string, now: number): string {
  const good = new Set([-1, 0, 1].map((shift) => codeOf(secret, now, shift)))
  return ['000000', '111111', '222222', '333333'].find((code) => !good.has(code)) ?? ''
}
