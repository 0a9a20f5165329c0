import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { toNormalForm } from '../foundation/normal-form.ts'

// Beside src/ and dist/ alike. How it was made stands in common-passwords.txt there.
const file = new URL('../../data/common-passwords.bin', import.meta.url)

let loaded: Buffer | undefined

/**
 * Whether this is one of some 480,000 passwords that are known to be common: those of eight characters and more among the
 * million that came to light most often in breaches (ten million leaked accounts), and what people choose most often,
 * without regard to case. A Bloom filter: it knows them all, and takes about one in a thousand others for one of them.
 * @throws when the filter cannot be read: without it nothing may pass
 */
export function isCommonPassword(password: string): boolean {
  loaded ??= readFileSync(file)
  const hashes = loaded[0] ?? 0
  const bits = (loaded.length - 1) * 8
  const digest = hash('sha256', toNormalForm(password, 'NFC').toLowerCase(), 'buffer')
  const first = digest.readUIntBE(0, 6)
  const second = digest.readUIntBE(6, 6)
  for (let i = 0; i < hashes; i++) {
    const position = (first + i * second) % bits
    if (((loaded[1 + (position >>> 3)] ?? 0) & (1 << (position & 7))) === 0) return false
  }
  return true
}
