import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { type Randomness, systemRandomness } from '../foundation/randomness.ts'
import { loadOrCreateSecretFile, secretFileOf } from './secret-file.ts'

function databaseIn(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-secret-'))
  t.after(() => rmSync(directory, { recursive: true }))
  return join(directory, 'data', 'countersign.db')
}

function mistakeOf(database: string, randomness: Randomness = systemRandomness): string {
  try {
    loadOrCreateSecretFile(database, randomness)
  } catch (error) {
    assert.ok(error instanceof Error && error.name === 'ConfigurationError')
    return error.message
  }
  return assert.fail('no mistake')
}

describe('the master secret beside the embedded database', () => {
  test('is made at the first start, for this user alone, and is the same from then on', (t) => {
    const database = databaseIn(t)
    const secret = loadOrCreateSecretFile(database, systemRandomness)
    assert.match(secret, /^[\w-]{43}$/)
    assert.equal(statSync(secretFileOf(database)).mode & 0o777, 0o600)
    assert.equal(statSync(join(database, '..')).mode & 0o777, 0o700)
    writeFileSync(database, 'a database')
    assert.equal(loadOrCreateSecretFile(database, systemRandomness), secret)
    assert.deepEqual(readdirSync(join(database, '..')).toSorted(), ['countersign.db', 'secret'])
  })

  test('is another for another database', (t) => {
    const [one, other] = [databaseIn(t), databaseIn(t)]
    assert.notEqual(
      loadOrCreateSecretFile(one, systemRandomness),
      loadOrCreateSecretFile(other, systemRandomness),
    )
  })

  test('is refused when others may read it, with the mend', (t) => {
    const database = databaseIn(t)
    loadOrCreateSecretFile(database, systemRandomness)
    const file = secretFileOf(database)
    for (const mode of [0o644, 0o640, 0o604, 0o666, 0o610]) {
      chmodSync(file, mode)
      assert.match(mistakeOf(database), new RegExp(`Others may read .*chmod 600 ${file}`))
    }
    chmodSync(file, 0o400)
    assert.match(loadOrCreateSecretFile(database, systemRandomness), /^[\w-]{43}$/)
  })

  test('is refused when it is damaged, and never replaced', (t) => {
    const database = databaseIn(t)
    loadOrCreateSecretFile(database, systemRandomness)
    const file = secretFileOf(database)
    for (const content of ['', '\n', 'x'.repeat(31)]) {
      writeFileSync(file, content)
      assert.match(mistakeOf(database), /is damaged: restore the file from a backup/)
      assert.equal(readFileSync(file, 'utf8'), content)
    }
  })

  test('is not made anew for a database that was sealed under a lost one', (t) => {
    const database = databaseIn(t)
    mkdirSync(join(database, '..'))
    writeFileSync(database, 'a database')
    assert.match(mistakeOf(database), /put the file back, or give the secret as COUNTERSIGN_SECRET/)
    assert.deepEqual(readdirSync(join(database, '..')), ['countersign.db'])
  })

  test('is the one of the process that was first, when two start at the same moment', (t) => {
    const database = databaseIn(t)
    let isFirst = true
    let winner = ''
    // The other process comes in between: after this one looked, before it put its file in place.
    const randomness: Randomness = (length) => {
      if (length === 32 && isFirst) {
        isFirst = false
        winner = loadOrCreateSecretFile(database, systemRandomness)
      }
      return systemRandomness(length)
    }
    assert.equal(loadOrCreateSecretFile(database, randomness), winner)
    assert.deepEqual(readdirSync(join(database, '..')), ['secret'])
  })

  test('says what to do when it cannot be read', (t) => {
    const database = databaseIn(t)
    mkdirSync(secretFileOf(database), { recursive: true, mode: 0o700 })
    assert.match(
      mistakeOf(database),
      /Cannot read the master secret .*secret .*give it to this user/,
    )
  })

  test('says what to do when it cannot be written', (t) => {
    const database = databaseIn(t)
    writeFileSync(join(database, '..'), 'a file where the directory should be')
    assert.match(
      mistakeOf(database),
      /Cannot write the master secret .*give this user write access/,
    )
  })
})
