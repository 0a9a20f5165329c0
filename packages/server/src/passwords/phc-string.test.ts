import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { formatPhcString, parsePhcString } from './phc-string.ts'

const salt = 'c29tZXNhbHRzb21lc2FsdA'
const hash = 'CTFhFdXPJO1aFaMaO6Mm5c8y7cJHApl8ArZWb2GRPPc'
const good = `$argon2id$v=19$m=19456,t=2,p=1$${salt}$${hash}`

const bytes = (minLength: number) =>
  fc.uint8Array({ minLength, maxLength: 64 }).map((content) => Buffer.from(content))

describe('a PHC string', () => {
  test('is taken apart', () => {
    assert.deepEqual(parsePhcString(good), {
      id: 'argon2id',
      version: 19,
      parameters: { m: 19_456, t: 2, p: 1 },
      salt: Buffer.from('somesaltsomesalt'),
      hash: Buffer.from(hash, 'base64'),
    })
    assert.equal(parsePhcString(`$scrypt$ln=15,r=8,p=1$${salt}$${hash}`)?.version, undefined)
  })

  test('takes passlib’s dots for pluses and its bare number for rounds', () => {
    const phc = parsePhcString(
      '$pbkdf2-sha256$6400$.6UI/S.nXIk8jcbdHx3Fhg$98jZicV16ODfEsEZeYPGHU3kbrUrvUEXOPimVSQDD44',
    )
    assert.deepEqual(phc?.parameters, { rounds: 6400 })
    assert.deepEqual(phc.salt, Buffer.from('+6UI/S+nXIk8jcbdHx3Fhg', 'base64'))
  })

  test('comes back as it was written', () => {
    const parameters = fc.dictionary(
      fc.string({ unit: fc.constantFrom(...'abcxyz'), minLength: 1, maxLength: 8 }),
      fc.integer({ min: 0, max: 2 ** 31 }),
      { minKeys: 1, maxKeys: 4, noNullPrototype: true },
    )
    fc.assert(
      fc.property(parameters, bytes(6), bytes(17), fc.option(fc.nat(99)), (list, a, b, v) => {
        const phc = { id: 'x-1', version: v ?? undefined, parameters: list, salt: a, hash: b }
        assert.deepEqual(parsePhcString(formatPhcString(phc)), phc)
      }),
    )
  })

  test('that was cut off anywhere, or has anything put on, is none', () => {
    const whole = parsePhcString(good)
    for (let length = 0; length < good.length; length++) {
      const cut = parsePhcString(good.slice(0, length))
      // Base64 can be cut between two bytes: then the hash is another, and so is its length.
      if (cut !== undefined) assert.notEqual(cut.hash.length, whole?.hash.length)
    }
    assert.equal(parsePhcString(good.slice(0, -1)), undefined)
    for (const text of [`${good}$`, `${good} `, ` ${good}`, `${good}\n`, `${good}=`, `x${good}`]) {
      assert.equal(parsePhcString(text), undefined, JSON.stringify(text))
    }
  })

  test('of any other spelling is none', () => {
    const odd = [
      '',
      '$',
      '$$$$$',
      'plaintext',
      `argon2id$v=19$m=19456,t=2,p=1$${salt}$${hash}`,
      `$ARGON2ID$v=19$m=19456,t=2,p=1$${salt}$${hash}`,
      `$argon2id$v=$m=19456,t=2,p=1$${salt}$${hash}`,
      `$argon2id$v=019$m=19456,t=2,p=1$${salt}$${hash}`,
      `$argon2id$v=19$$${salt}$${hash}`,
      `$argon2id$v=19$m=19456,t=2,p=1,$${salt}$${hash}`,
      `$argon2id$v=19$m=019456,t=2,p=1$${salt}$${hash}`,
      `$argon2id$v=19$m=-1,t=2,p=1$${salt}$${hash}`,
      `$argon2id$v=19$m=1e9,t=2,p=1$${salt}$${hash}`,
      `$argon2id$v=19$m=99999999999,t=2,p=1$${salt}$${hash}`,
      `$argon2id$v=19$m=19456,m=8,t=2,p=1$${salt}$${hash}`,
      `$argon2id$v=19$m=19456,t=2,p=1$$${hash}`,
      `$argon2id$v=19$m=19456,t=2,p=1$${salt}$`,
      `$argon2id$v=19$m=19456,t=2,p=1$${salt}==$${hash}`,
      `$argon2id$v=19$m=19456,t=2,p=1$${salt}$${hash}=`,
      // One bit that no decoder reads: another spelling of the same hash.
      `$argon2id$v=19$m=19456,t=2,p=1$${salt}$${hash.slice(0, -1)}d`,
      `$argon2id$v=19$m=19456,t=2,p=1$${salt.slice(0, -1)}B$${hash}`,
      // 15 bytes of hash are fewer than 128 bits.
      `$argon2id$v=19$m=19456,t=2,p=1$${salt}$${hash.slice(0, 20)}`,
      `$argon2id$v=19$m=19456,t=2,p=1$${salt.replace('c', '-')}$${hash}`,
    ]
    for (const text of odd) assert.equal(parsePhcString(text), undefined, text)
  })
})
