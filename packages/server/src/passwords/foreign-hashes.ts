import { pbkdf2, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { type PhcString, parsePhcString } from './phc-string.ts'

// Hashes that other systems made. They verify, and are replaced at the next log-in. Parameters are bounded: a row that
// somebody poisoned must not exhaust processor or memory.

const bcryptShape = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/
const minBcryptCost = 4
const maxBcryptCost = 16
const maxScryptBytes = 256 * 1024 * 1024
const maxPbkdf2Iterations = 5_000_000
// A prefix of these hashes is the hash of that length, so one that was cut off would still match: only the customary
// lengths count.
const customaryLengths: ReadonlySet<number> = new Set([16, 20, 24, 32, 48, 64])

const derivePbkdf2 = promisify(pbkdf2)
const deriveScrypt = promisify(
  (
    password: string,
    salt: Buffer,
    length: number,
    options: { N: number; r: number; p: number; maxmem: number },
    done: (error: Error | null, key: Buffer) => void,
  ) => scrypt(password, salt, length, options, done),
)

/** How to check a password against this hash; undefined when its form or its cost is none that we accept. */
export function findForeignHash(
  stored: string,
): ((password: string) => Promise<boolean>) | undefined {
  const bcryptCost = bcryptShape.exec(stored)?.[1]
  if (bcryptCost !== undefined) {
    const cost = Number(bcryptCost)
    if (cost < minBcryptCost || cost > maxBcryptCost) return undefined
    return (password) => matchesBcrypt(password, stored)
  }
  const phc = parsePhcString(stored)
  if (phc === undefined || !customaryLengths.has(phc.hash.length)) return undefined
  if (phc.id === 'scrypt') return findScrypt(phc)
  if (phc.id === 'pbkdf2-sha256' || phc.id === 'pbkdf2-sha512') return findPbkdf2(phc)
  return undefined
}

// bcrypt reads 72 bytes and stops at a NUL; the hash was made so, and the next log-in replaces it by one of the whole
// password. A NUL is refused, because what follows it would not count.
async function matchesBcrypt(password: string, stored: string): Promise<boolean> {
  if (password.includes('\0')) return false
  // Loaded for the first bcrypt hash: a platform that has no build of it serves everybody else.
  const { verify } = await import('@node-rs/bcrypt')
  return verify(password, stored)
}

function findScrypt(phc: PhcString): ((password: string) => Promise<boolean>) | undefined {
  const { ln = 0, r = 0, p = 0 } = phc.parameters
  const N = 2 ** ln
  const bytes = 128 * N * r
  const maxmem = 2 * bytes + 1024 * 1024
  if (ln < 1 || ln > 24 || r < 1 || p < 1 || p > 16 || bytes > maxScryptBytes) return undefined
  // With these the function throws: N is below 2^(128 * r / 8) (RFC 7914 section 2), and memory is what OpenSSL asks for.
  if (ln >= 16 * r || 128 * r * (N + p + 2) > maxmem) return undefined
  return async (password) => {
    const options = { N, r, p, maxmem }
    const derived = await deriveScrypt(password, phc.salt, phc.hash.length, options)
    return timingSafeEqual(derived, phc.hash)
  }
}

function findPbkdf2(phc: PhcString): ((password: string) => Promise<boolean>) | undefined {
  const { i, rounds = 0 } = phc.parameters
  const iterations = i ?? rounds
  const digest = phc.id.slice('pbkdf2-'.length)
  if (iterations < 1 || iterations > maxPbkdf2Iterations) return undefined
  return async (password) => {
    const derived = await derivePbkdf2(password, phc.salt, iterations, phc.hash.length, digest)
    return timingSafeEqual(derived, phc.hash)
  }
}
