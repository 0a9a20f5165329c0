import assert from 'node:assert/strict'
import { pbkdf2Sync, scryptSync } from 'node:crypto'
import { describe, test } from 'node:test'
import { hash as hashBcrypt } from '@node-rs/bcrypt'
import { createTestRandomness } from '../foundation/deterministic.fixture.ts'
import { type DeriveArgon2id, deriveByNode } from './argon2id.ts'
import { createHashQueue, type HashQueue } from './hash-queue.ts'
import { createPasswordHasher, type PasswordHasher } from './password-hasher.ts'
import { formatPhcString, parsePhcString } from './phc-string.ts'

const randomness = createTestRandomness()
const cheap = { memoryKib: 64, iterations: 1, parallelism: 1 }
const roomy = (): HashQueue => createHashQueue({ concurrency: 2, maxWaiting: 64, maxWaitMs: 2_000 })
const full: HashQueue = createHashQueue({ concurrency: 0, maxWaiting: 0, maxWaitMs: 2_000 })

async function createHasher(derive?: DeriveArgon2id): Promise<PasswordHasher> {
  const parts = { queue: roomy(), randomness, parameters: cheap }
  return createPasswordHasher(derive ? { ...parts, derive } : parts)
}

async function hashOf(hasher: PasswordHasher, password: string): Promise<string> {
  const hashed = await hasher.hash(password)
  assert.ok(hashed.ok)
  return hashed.hash
}

const yes = { ok: true, matches: true, needsRehash: false }
const yesAndRehash = { ok: true, matches: true, needsRehash: true }
const no = { ok: true, matches: false, needsRehash: false }

const encode = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '')

describe('a password hash', () => {
  test('is Argon2id with 19 MiB, two passes and one lane, as a PHC string', async () => {
    const hasher = await createPasswordHasher({ queue: roomy(), randomness })
    const stored = await hashOf(hasher, 'correct horse')
    assert.match(
      stored,
      /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/,
    )
    assert.deepEqual(await hasher.verify('correct horse', stored), yes)
    assert.deepEqual(await hasher.verify('correct hors', stored), no)
  })

  test('has a salt of its own each time', async () => {
    const hasher = await createHasher()
    assert.notEqual(await hashOf(hasher, 'same'), await hashOf(hasher, 'same'))
  })

  test('is the same by node:crypto, so that a machine without the native package reads it', async () => {
    const stored = await hashOf(await createHasher(), 'correct horse')
    assert.deepEqual(await (await createHasher(deriveByNode)).verify('correct horse', stored), yes)
  })

  test('is of every character as sent: no cut, no trim, no change of case (ASVS v5.0.0-6.2.8)', async () => {
    const hasher = await createHasher()
    const long = 'x'.repeat(127)
    const stored = await hashOf(hasher, `${long}y`)
    for (const other of [long, `${long}z`, `${long}Y`, ` ${long}y`, `${long}y `, `${long}y\0`]) {
      assert.deepEqual(await hasher.verify(other, stored), no)
    }
    assert.deepEqual(await hasher.verify(`${long}y`, stored), yes)
  })

  test('is of the composed form, whichever way the keyboard wrote it', async () => {
    const hasher = await createHasher()
    const stored = await hashOf(hasher, 'Zoë Ångström'.normalize('NFD'))
    assert.deepEqual(await hasher.verify('Zoë Ångström'.normalize('NFC'), stored), yes)
    assert.deepEqual(await hasher.verify('Zoë Ångström'.normalize('NFD'), stored), yes)
    assert.deepEqual(await hasher.verify('Zoe Angstrom', stored), no)
    // Compatible is not the same: NFKC would take a ligature for two letters.
    assert.deepEqual(await hasher.verify('ﬁ', await hashOf(hasher, 'fi')), no)
  })
})

describe('a hash with other parameters', () => {
  test('verifies and is to be made anew, when the password was right', async () => {
    const older = await createPasswordHasher({
      queue: roomy(),
      randomness,
      parameters: { memoryKib: 32, iterations: 2, parallelism: 1 },
    })
    const hasher = await createHasher()
    const stored = await hashOf(older, 'correct horse')
    assert.deepEqual(await hasher.verify('correct horse', stored), yesAndRehash)
    assert.deepEqual(await hasher.verify('wrong', stored), no)
  })

  test('counts at the very bounds of what is accepted', async () => {
    const hasher = await createHasher()
    for (const [m, t, p, saltLength] of [
      [8, 1, 1, 16],
      [64, 64, 1, 16],
      [512, 1, 64, 16],
      [64, 1, 1, 8],
    ] as const) {
      const parameters = { memoryKib: m, iterations: t, parallelism: p }
      const salt = randomness(saltLength)
      const hash = await deriveByNode('pw', salt, parameters, 32)
      const phc = { id: 'argon2id', version: 19, parameters: { m, t, p }, salt, hash }
      const verified = await hasher.verify('pw', formatPhcString(phc))
      assert.equal(verified.ok && verified.matches, true, `${m} ${t} ${p} ${saltLength}`)
    }
  })

  test('differs by any one of memory, passes, lanes or length', async () => {
    const hasher = await createHasher()
    const salt = randomness(16)
    for (const [m, t, p, length] of [
      [65, 1, 1, 32],
      [64, 2, 1, 32],
      [64, 1, 2, 32],
      [64, 1, 1, 16],
    ] as const) {
      const parameters = { memoryKib: m, iterations: t, parallelism: p }
      const hash = await deriveByNode('pw', salt, parameters, length)
      const stored = formatPhcString({
        id: 'argon2id',
        version: 19,
        parameters: { m, t, p },
        salt,
        hash,
      })
      assert.deepEqual(await hasher.verify('pw', stored), yesAndRehash, stored)
    }
  })
})

describe('a hash that another system made', () => {
  const salt = Buffer.from('0123456789abcdef')
  test('verifies and is to be made anew', async () => {
    const hasher = await createHasher()
    const password = 'Zoë 12345'
    const stored = [
      await hashBcrypt(password, { cost: 4 }),
      `$scrypt$ln=4,r=8,p=1$${encode(salt)}$${encode(scryptSync(password, salt, 32, { N: 16 }))}`,
      `$pbkdf2-sha256$i=10$${encode(salt)}$${encode(pbkdf2Sync(password, salt, 10, 32, 'sha256'))}`,
      `$pbkdf2-sha512$10$${encode(salt)}$${encode(pbkdf2Sync(password, salt, 10, 64, 'sha512'))}`,
    ]
    for (const hash of stored) {
      assert.deepEqual(await hasher.verify(password, hash), yesAndRehash, hash)
      assert.deepEqual(await hasher.verify('Zoe 12345', hash), no, hash)
    }
  })

  test('verifies in the form in which it was received there, composed or not', async () => {
    const hasher = await createHasher()
    for (const form of ['NFC', 'NFD'] as const) {
      const stored = await hashBcrypt('Zoë 12345'.normalize(form), { cost: 4 })
      assert.deepEqual(await hasher.verify('Zoë 12345'.normalize(form), stored), yesAndRehash, form)
    }
  })
})

const zeros = (length: number) => Buffer.alloc(length)

describe('a user who is unknown, or whose hash is', () => {
  test('is let in by no password, were it the one that the hash in its place is of', async () => {
    const derive: DeriveArgon2id = async (_password, _salt, _parameters, length) => zeros(length)
    const hasher = await createPasswordHasher({ queue: roomy(), randomness: zeros, derive })
    for (const stored of [undefined, 'of no known form']) {
      assert.deepEqual(await hasher.verify('any', stored), no)
    }
  })

  test('costs exactly the work of a wrong password', async () => {
    const calls: string[] = []
    const derive: DeriveArgon2id = async (password, salt, parameters, length) => {
      calls.push(JSON.stringify([password, salt.length, parameters, length]))
      return deriveByNode(password, salt, parameters, length)
    }
    const hasher = await createHasher(derive)
    const stored = await hashOf(hasher, 'right')
    calls.length = 0
    assert.deepEqual(await hasher.verify('a guess', stored), no)
    const work = calls.splice(0)
    assert.equal(work.length, 1)
    const odd = [
      undefined,
      '',
      'plain text',
      stored.slice(0, -1),
      stored.slice(0, -4),
      stored.replace('v=19', 'v=16'),
      stored.replace('$v=19', ''),
      stored.replace('argon2id', 'argon2i'),
      stored.replace('argon2id', 'argon2d'),
      stored.replace('m=64', 'm=7'),
      stored.replace('m=64', 'm=1048577'),
      stored.replace('t=1', 't=0'),
      stored.replace('t=1', 't=65'),
      stored.replace('p=1', 'p=0'),
      stored.replace('m=64,t=1,p=1', 'm=519,t=1,p=65'),
      stored.replace('m=64,t=1,p=1', 'm=15,t=1,p=2'),
      stored.replace(/\$[^$]+(\$[^$]+)$/, '$c2hvcnQ3IQ$1'),
      '$2b$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW',
      '$scrypt$ln=30,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY',
    ]
    for (const each of odd) {
      const result = await hasher.verify('a guess', each)
      const done = calls.splice(0)
      // A hash that was cut between two bytes is a real one of another length: the same work, and no match.
      const length = each === undefined ? undefined : parsePhcString(each)?.hash.length
      const expected = length === 29 ? [work[0]?.replace(',32]', ',29]')] : work
      assert.deepEqual(done, expected, `${each}`)
      assert.deepEqual(result, no, `${each}`)
    }
  })

  test('matches nothing, not even the password that its stand-in was made of', async () => {
    const hasher = await createHasher()
    for (const password of ['', 'dummy', '\0', 'undefined']) {
      assert.deepEqual(await hasher.verify(password, undefined), no)
    }
  })
})

describe('when there is no room to hash', () => {
  test('nothing is verified and nothing hashed: the caller is to come back', async () => {
    let derived = 0
    const derive: DeriveArgon2id = async (...parts) => {
      derived++
      return deriveByNode(...parts)
    }
    const hasher = await createPasswordHasher({
      queue: full,
      randomness,
      derive,
      parameters: cheap,
    })
    const busy = { ok: false, reason: 'busy', retryAfterSeconds: 2 }
    assert.deepEqual(await hasher.hash('password'), busy)
    assert.deepEqual(await hasher.verify('password', undefined), busy)
    assert.deepEqual(await hasher.verify('password', '$2b$04$x'), busy)
    assert.equal(derived, 0)
  })

  test('foreign hashes wait in the same queue', async () => {
    const hasher = await createPasswordHasher({ queue: full, randomness, parameters: cheap })
    const stored = await hashBcrypt('password', { cost: 4 })
    assert.equal((await hasher.verify('password', stored)).ok, false)
  })
})
