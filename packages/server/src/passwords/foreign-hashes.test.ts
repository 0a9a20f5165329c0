import assert from 'node:assert/strict'
import { pbkdf2Sync, scryptSync } from 'node:crypto'
import { describe, test } from 'node:test'
import { hash as hashBcrypt } from '@node-rs/bcrypt'
import { findForeignHash } from './foreign-hashes.ts'

const salt = Buffer.from('0123456789abcdef')

function encode(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}

function scryptHash(password: string, ln = 10, length = 32): string {
  const hash = scryptSync(password, salt, length, { N: 2 ** ln, r: 8, p: 1 })
  return `$scrypt$ln=${ln},r=8,p=1$${encode(salt)}$${encode(hash)}`
}

function pbkdf2Hash(password: string, digest: 'sha256' | 'sha512', length: number): string {
  const hash = pbkdf2Sync(password, salt, 1_000, length, digest)
  return `$pbkdf2-${digest}$i=1000$${encode(salt)}$${encode(hash)}`
}

async function matches(password: string, stored: string): Promise<boolean | 'unknown'> {
  return (await findForeignHash(stored)?.(password)) ?? 'unknown'
}

const ofUstarU = (version: string) =>
  `$${version}$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW`

describe('a hash of bcrypt', () => {
  test('verifies in every version that was ever sound', async () => {
    for (const version of ['2a', '2b', '2y']) {
      assert.equal(await matches('U*U', ofUstarU(version)), true, version)
      assert.equal(await matches('U*V', ofUstarU(version)), false, version)
      assert.equal(await matches('', ofUstarU(version)), false, version)
    }
  })

  test('verifies as the tutorial’s bcrypt.hash(password, 10) made it', async () => {
    const stored = await hashBcrypt('correct horse battery staple', { cost: 10 })
    assert.match(stored, /^\$2[aby]\$10\$/)
    assert.equal(await matches('correct horse battery staple', stored), true)
    assert.equal(await matches('correct horse battery stable', stored), false)
  })

  test('counts 72 bytes, as it was made, and refuses a NUL, behind which nothing counts', async () => {
    const stored = await hashBcrypt('x'.repeat(72), { cost: 4 })
    assert.equal(await matches('x'.repeat(72), stored), true)
    assert.equal(await matches('x'.repeat(100), stored), true)
    assert.equal(await matches('x'.repeat(71), stored), false)
    const short = await hashBcrypt('abc', { cost: 4 })
    assert.equal(await matches('abc\0def', short), false)
    assert.equal(await matches('abc\0', short), false)
  })

  test('of another version, form or cost is unknown', async () => {
    const rest = 'CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'
    for (const stored of [
      ofUstarU('2x'),
      ofUstarU('2'),
      ofUstarU('2c'),
      `$2b$17$${rest}`,
      `$2b$31$${rest}`,
      `$2b$03$${rest}`,
      `$2b$00$${rest}`,
      `$2b$5$${rest}`,
      `$2b$05$${rest.slice(1)}`,
      `$2b$05$${rest}x`,
      `$2b$05$${rest}\n`,
      ` $2b$05$${rest}`,
      `$2b$05$${rest.replace('C', '=')}`,
    ]) {
      assert.equal(await matches('U*U', stored), 'unknown', stored)
    }
    assert.equal(await matches('U*U', `$2b$04$${rest}`), false)
    assert.notEqual(findForeignHash(`$2b$16$${rest}`), undefined)
  })
})

describe('a hash of scrypt', () => {
  test('verifies', async () => {
    for (const length of [16, 20, 24, 32, 48, 64]) {
      assert.equal(await matches('pässword', scryptHash('pässword', 10, length)), true)
      assert.equal(await matches('password', scryptHash('pässword', 10, length)), false)
    }
  })

  test('verifies as passlib made it', async () => {
    const stored =
      '$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E'
    assert.equal(await matches('password', stored), true)
  })

  test('with parameters that scrypt itself refuses is unknown', () => {
    const rest = scryptHash('x').split('$').slice(3).join('$')
    for (const list of ['ln=16,r=1,p=1', 'ln=21,r=1,p=1', 'ln=1,r=65536,p=16']) {
      assert.equal(findForeignHash(`$scrypt$${list}$${rest}`), undefined, list)
    }
  })

  test('whose cost would exhaust this machine is unknown', async () => {
    const rest = scryptHash('x').split('$').slice(3).join('$')
    const costs = ['ln=25,r=8,p=1', 'ln=18,r=9,p=1', 'ln=10,r=8,p=17', 'ln=1,r=2000000,p=1']
    const broken = ['ln=0,r=8,p=1', 'ln=10,r=0,p=1', 'ln=10,r=8,p=0', 'ln=10,r=8', 'r=8,p=1', '10']
    for (const list of [...costs, ...broken]) {
      assert.equal(await matches('x', `$scrypt$${list}$${rest}`), 'unknown', list)
    }
    assert.equal(await matches('x', `$scrypt$ln=1,r=1,p=16$${rest}`), false)
    // 256 MiB is the most.
    assert.notEqual(findForeignHash(`$scrypt$ln=18,r=8,p=1$${rest}`), undefined)
  })
})

describe('a hash of PBKDF2', () => {
  test('verifies with SHA-256 and SHA-512', async () => {
    for (const stored of [
      pbkdf2Hash('pässword', 'sha256', 32),
      pbkdf2Hash('pässword', 'sha512', 64),
      pbkdf2Hash('pässword', 'sha512', 32),
    ]) {
      assert.equal(await matches('pässword', stored), true, stored)
      assert.equal(await matches('password', stored), false, stored)
    }
  })

  test('verifies as passlib made it, with its rounds alone and dots for pluses', async () => {
    const stored =
      '$pbkdf2-sha256$6400$.6UI/S.nXIk8jcbdHx3Fhg$98jZicV16ODfEsEZeYPGHU3kbrUrvUEXOPimVSQDD44'
    assert.equal(await matches('password', stored), true)
    assert.equal(await matches('Password', stored), false)
  })

  test('of another digest, without rounds or with too many is unknown', async () => {
    const good = pbkdf2Hash('x', 'sha256', 32)
    for (const stored of [
      good.replace('sha256', 'sha1'),
      good.replace('sha256', 'md5'),
      good.replace('i=1000', 'i=0'),
      good.replace('i=1000', 'i=5000001'),
      good.replace('i=1000', '0'),
      good.replace('i=1000', 't=1000'),
    ]) {
      assert.equal(await matches('x', stored), 'unknown', stored)
    }
    assert.notEqual(findForeignHash(good.replace('i=1000', 'i=5000000')), undefined)
    assert.equal(await matches('x', good.replace('i=1000', 'i=1')), false)
  })
})

describe('a hash that was cut off', () => {
  test('is unknown, although a prefix of it would match', async () => {
    for (const stored of [
      scryptHash('x'),
      pbkdf2Hash('x', 'sha512', 64),
      pbkdf2Hash('x', 'sha256', 32),
    ]) {
      for (const lost of [1, 2, 3, 4, 5]) {
        assert.equal(
          await matches('x', stored.slice(0, -lost)),
          'unknown',
          `${stored} less ${lost}`,
        )
      }
    }
  })
})

describe('what is no hash at all', () => {
  test('is unknown', async () => {
    for (const stored of [
      '',
      'x',
      'x'.repeat(60),
      '$1$salt$hash',
      '{SSHA}abc',
      '$argon2i$v=19$x',
    ]) {
      assert.equal(await matches('x', stored), 'unknown', stored)
    }
  })
})
