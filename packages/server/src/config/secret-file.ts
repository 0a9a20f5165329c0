import { closeSync, existsSync, fsyncSync, linkSync, mkdirSync, openSync } from 'node:fs'
import { readFileSync, rmSync, statSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { minimumSecretLength } from '../foundation/master-secret.ts'
import type { Randomness } from '../foundation/randomness.ts'
import { ConfigurationError } from './configuration-error.ts'

/** Where the master secret of an embedded database is kept. */
export function secretFileOf(databaseFile: string): string {
  return join(dirname(databaseFile), 'secret')
}

/**
 * The master secret beside the embedded database, made at the first start and readable by this user alone.
 * @throws ConfigurationError when others may read it, when it is damaged, or when a database is there without it: a new
 *   secret would kill every session and every key, and hide that a file was lost
 */
export function loadOrCreateSecretFile(databaseFile: string, randomness: Randomness): string {
  const file = secretFileOf(databaseFile)
  if (!existsSync(file)) {
    if (existsSync(databaseFile)) {
      throw mistake(
        `The database ${databaseFile} is there and its master secret ${file} is not: put the file back, or give the ` +
          'secret as COUNTERSIGN_SECRET. Without it no session and no key can be read; to start anew, move the ' +
          'database away.',
      )
    }
    createSecretFile(file, randomness)
  }
  return readSecretFile(file)
}

/** @throws ConfigurationError when others may read it, or when it is damaged */
export function readSecretFile(file: string): string {
  const { mode } = statSync(file)
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    throw mistake(`Others may read the master secret: chmod 600 ${file}`)
  }
  const secret = readText(file).trim()
  if (secret.length < minimumSecretLength) {
    throw mistake(`The master secret in ${file} is damaged: restore the file from a backup.`)
  }
  return secret
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    // Most often a start as root came first.
    throw mistake(
      `Cannot read the master secret ${file} (${reasonOf(error)}): give it to this user.`,
    )
  }
}

// Written in full and then linked into place: another process sees the whole file or none, and of two that start at the
// same moment one wins and both read its secret.
function createSecretFile(file: string, randomness: Randomness): void {
  const temporary = `${file}.${randomness(8).toString('hex')}`
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    const descriptor = openSync(temporary, 'wx', 0o600)
    try {
      writeSync(descriptor, `${randomness(32).toString('base64url')}\n`)
      fsyncSync(descriptor)
      linkUnlessThere(temporary, file)
    } finally {
      closeSync(descriptor)
      rmSync(temporary, { force: true })
    }
  } catch (error) {
    throw mistake(
      `Cannot write the master secret ${file} (${reasonOf(error)}): give this user write access.`,
    )
  }
}

function linkUnlessThere(from: string, to: string): void {
  try {
    linkSync(from, to)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function mistake(message: string): ConfigurationError {
  return new ConfigurationError([{ option: undefined, message }])
}
