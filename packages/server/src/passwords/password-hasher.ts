// Passwords: how they are hashed, verified and judged. This folder owns the hash, its queue, what a new password must be
// and the list of common ones. It keeps nothing and knows no account: sign-in/, register/ and password-change/ call it.

import { timingSafeEqual } from 'node:crypto'
import { toNormalForm } from '../foundation/normal-form.ts'
import type { Randomness } from '../foundation/randomness.ts'
import {
  type Argon2idParameters,
  type DeriveArgon2id,
  defaultArgon2id,
  hashBytes,
  loadArgon2id,
  saltBytes,
} from './argon2id.ts'
import { findForeignHash } from './foreign-hashes.ts'
import type { Busy, HashQueue } from './hash-queue.ts'
import { formatPhcString, type PhcString, parsePhcString } from './phc-string.ts'

export type HashResult = { readonly ok: true; readonly hash: string } | Busy

export type VerifyResult =
  | { readonly ok: true; readonly matches: boolean; readonly needsRehash: boolean }
  | Busy

export interface PasswordHasher {
  hash(password: string): Promise<HashResult>
  /**
   * Without a hash, or with one of no known form, as much work is done as for a real one and nothing matches: an unknown
   * user costs the time of a wrong password.
   */
  verify(password: string, storedHash: string | undefined): Promise<VerifyResult>
}

export interface PasswordHasherOptions {
  readonly queue: HashQueue
  readonly randomness: Randomness
  readonly parameters?: Argon2idParameters
  /** For tests; default: the fastest there is. */
  readonly derive?: DeriveArgon2id
}

const maxMemoryKib = 1024 * 1024
const maxIterations = 64
const maxParallelism = 64
// RFC 9106 section 3.1 asks for 8 bytes at least; with fewer the functions throw.
const minSaltBytes = 8

export async function createPasswordHasher(
  options: PasswordHasherOptions,
): Promise<PasswordHasher> {
  const { queue, randomness } = options
  const parameters = options.parameters ?? defaultArgon2id
  const derive = options.derive ?? (await loadArgon2id())

  const dummy: PhcString = {
    id: 'argon2id',
    version: 19,
    parameters: toPhcParameters(parameters),
    salt: randomness(saltBytes),
    hash: randomness(hashBytes),
  }
  const queueUp = async <T>(
    work: () => Promise<T>,
    judge: (value: T) => { matches: boolean; needsRehash: boolean },
  ): Promise<VerifyResult> => {
    const queued = await queue.run(work)
    return queued.ok ? { ok: true, ...judge(queued.value) } : queued
  }
  const verifyArgon2id = (password: string, phc: PhcString): Promise<VerifyResult> => {
    const normal = normalize(password)
    const asStored = toParameters(phc)
    return queueUp(
      () => derive(normal, phc.salt, asStored, phc.hash.length),
      (derived) => {
        const matches = timingSafeEqual(derived, phc.hash) && phc !== dummy
        return { matches, needsRehash: matches && !isPresent(phc, parameters) }
      },
    )
  }
  return {
    hash: async (password) => {
      const salt = randomness(saltBytes)
      const normal = normalize(password)
      const queued = await queue.run(() => derive(normal, salt, parameters, hashBytes))
      if (!queued.ok) return queued
      return { ok: true, hash: formatPhcString({ ...dummy, salt, hash: queued.value }) }
    },
    // Whoever waits takes the hash apart before and judges after it, with others (decision 051): between two hashes the
    // main thread does no more than start the next one.
    verify: async (password, storedHash) => {
      const phc = storedHash === undefined ? undefined : parsePhcString(storedHash)
      if (phc && isArgon2id(phc)) return verifyArgon2id(password, phc)
      const matchesForeign = storedHash === undefined ? undefined : findForeignHash(storedHash)
      if (!matchesForeign) return verifyArgon2id(password, dummy)
      return queueUp(
        () => matchesEitherForm(password, matchesForeign),
        (matches) => ({ matches, needsRehash: matches }),
      )
    },
  }
}

/** Whether a password can be checked against this hash: ours, or one of another system that we accept. */
export function isKnownHash(stored: string): boolean {
  const phc = parsePhcString(stored)
  return (phc !== undefined && isArgon2id(phc)) || findForeignHash(stored) !== undefined
}

/** One form for one text, whichever way a keyboard composed it (Unicode NFC, NIST SP 800-63B section 3.1.1.2). */
export function normalize(password: string): string {
  return toNormalForm(password, 'NFC')
}

// Other systems hashed what they received; ours is in NFC.
async function matchesEitherForm(
  password: string,
  matches: (password: string) => Promise<boolean>,
): Promise<boolean> {
  const normal = normalize(password)
  return (await matches(normal)) || (password !== normal && (await matches(password)))
}

function isArgon2id(phc: PhcString): boolean {
  const { m = 0, t = 0, p = 0 } = phc.parameters
  return (
    phc.id === 'argon2id' &&
    phc.version === 19 &&
    phc.salt.length >= minSaltBytes &&
    m >= 8 * p &&
    m <= maxMemoryKib &&
    t >= 1 &&
    t <= maxIterations &&
    p >= 1 &&
    p <= maxParallelism
  )
}

function isPresent(phc: PhcString, parameters: Argon2idParameters): boolean {
  const { m, t, p } = phc.parameters
  return (
    m === parameters.memoryKib &&
    t === parameters.iterations &&
    p === parameters.parallelism &&
    phc.hash.length === hashBytes
  )
}

function toParameters({ parameters: { m = 0, t = 0, p = 0 } }: PhcString): Argon2idParameters {
  return { memoryKib: m, iterations: t, parallelism: p }
}

function toPhcParameters(parameters: Argon2idParameters): Record<string, number> {
  return { m: parameters.memoryKib, t: parameters.iterations, p: parameters.parallelism }
}
