import { randomBytes } from 'node:crypto'
import type { Algorithm } from '@countersign/verify'
import { minimumSecretLength } from '../foundation/master-secret.ts'
import type { OptionReader } from './read-option.ts'

const algorithms = ['ES256', 'EdDSA', 'RS256', 'PS256', 'HS256'] as const satisfies Algorithm[]

/** The master secrets, newest first. */
export function checkSecrets(
  reader: OptionReader,
  production: boolean,
): { secrets: readonly string[] } {
  const secrets = reader.list('secret')
  for (const secret of secrets) {
    if (secret.length < minimumSecretLength) {
      reader.refuse(
        'secret',
        `A master secret has ${minimumSecretLength} characters or more: take ${suggestion()}`,
      )
    } else if (production && isGuessable(secret)) {
      reader.refuse('secret', `This master secret can be guessed: take ${suggestion()}`)
    }
  }
  return { secrets }
}

/** What signs access tokens: a key pair of our own, or the shared secret of JWT_SECRET. */
export function checkSigning(
  reader: OptionReader,
  production: boolean,
): { jwtSecret: string | undefined; jwtAlgorithm: Algorithm } {
  const jwtSecret = reader.text('jwtSecret')
  const fallback = jwtSecret === undefined ? 'ES256' : 'HS256'
  const jwtAlgorithm: Algorithm = reader.choice('jwtAlgorithm', algorithms, fallback)
  if (jwtSecret === undefined) {
    if (jwtAlgorithm === 'HS256') {
      reader.refuse('jwtAlgorithm', `HS256 needs a shared secret: set JWT_SECRET, ${suggestion()}`)
    }
    return { jwtSecret, jwtAlgorithm }
  }
  if (jwtAlgorithm !== 'HS256') {
    reader.refuse(
      'jwtAlgorithm',
      `JWT_SECRET signs with HS256 and this asks for ${jwtAlgorithm}: unset one of the two.`,
    )
  }
  if (Buffer.byteLength(jwtSecret) < 32) {
    reader.refuse(
      'jwtSecret',
      `It has ${Buffer.byteLength(jwtSecret)} bytes and HS256 needs 32 (RFC 7518 section 3.2): take ${suggestion()}`,
    )
  } else if (production && isGuessable(jwtSecret)) {
    reader.refuse('jwtSecret', `This secret can be guessed: take ${suggestion()}`)
  }
  return { jwtSecret, jwtAlgorithm }
}

// Words that stand in tutorials and sample files in place of a secret.
const sampleWords =
  /secret|change.?me|example|password|default|your.{0,3}(jwt|key|token)|my.{0,3}key|qwert|12345678|abcdefgh|placeholder|replace/i

/** Too few different characters, a row of neighbours, a repetition, or a sample text that somebody forgot to replace. */
export function isGuessable(secret: string): boolean {
  if (new Set(secret).size < 10) return true
  if (isMostlySteps(secret) || isRepetition(secret)) return true
  if (!sampleWords.test(secret)) return false
  // A random secret may hold such a word by chance, but not be made of words with a few numbers between them.
  return /^[a-z\s._!-]*(\d{1,10}[a-z\s._!-]+){0,3}\d{0,10}$/i.test(secret)
}

/** `0123456789abcdef`, `zyxwvu`: most characters are the one before, or the next to it. */
function isMostlySteps(secret: string): boolean {
  let steps = 0
  for (let at = 1; at < secret.length; at++) {
    if (Math.abs(secret.charCodeAt(at) - secret.charCodeAt(at - 1)) <= 1) steps++
  }
  return steps > secret.length / 2
}

/** The same again and again, to reach the length. */
function isRepetition(secret: string): boolean {
  for (let period = 1; period <= secret.length * 0.7; period++) {
    if (secret.startsWith(secret.slice(period))) return true
  }
  return false
}

function suggestion(): string {
  return `for example ${randomBytes(32).toString('base64url')}`
}
