import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, test } from 'node:test'
import { createTestRandomness } from '../foundation/deterministic.fixture.ts'
import { findTotpStep, totpCode, totpStepSeconds } from './totp.ts'

// RFC 4226 appendix D and RFC 6238 appendix B have the same secret.
const secret = Buffer.from('12345678901234567890')

describe('a code', () => {
  test('is that of RFC 4226 appendix D', () => {
    const codes = [
      '755224',
      '287082',
      '359152',
      '969429',
      '338314',
      '254676',
      '287922',
      '162583',
      '399871',
      '520489',
    ]
    assert.deepEqual(
      codes.map((_, step) => totpCode(secret, step)),
      codes,
    )
  })

  test('is that of RFC 6238 appendix B, also beyond 32 bits of time', () => {
    const vectors: readonly (readonly [seconds: number, code: string])[] = [
      [59, '94287082'],
      [1_111_111_109, '07081804'],
      [1_111_111_111, '14050471'],
      [1_234_567_890, '89005924'],
      [2_000_000_000, '69279037'],
      [20_000_000_000, '65353130'],
    ]
    for (const [seconds, code] of vectors) {
      const six = code.slice(2)
      assert.equal(totpCode(secret, Math.floor(seconds / totpStepSeconds)), six)
      assert.equal(
        findTotpStep(secret, six, seconds * 1000, 0),
        Math.floor(seconds / totpStepSeconds),
      )
    }
  })

  test('is what oathtool makes', (t) => {
    const randomness = createTestRandomness('oathtool')
    for (let count = 0; count < 60; count++) {
      const own = randomness(20)
      const step = randomness(6).readUIntBE(0, count % 2 === 0 ? 4 : 5)
      const hotp = ['--hotp', `--counter=${step}`, own.toString('hex')]
      let code: string
      try {
        code = execFileSync('oathtool', hotp, { encoding: 'utf8' }).trim()
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
        t.skip('Not run: oathtool is missing (Debian has it)')
        return
      }
      assert.equal(totpCode(own, step), code)
    }
  })
})

describe('the step of a code', () => {
  const now = 1_234_567_890_000
  const present = Math.floor(now / 30_000)
  const find = (code: string, lastUsed = 0) => findTotpStep(secret, code, now, lastUsed)

  test('is this one, the one before or the one after', () => {
    const found = [-2, -1, 0, 1, 2].map((shift) => find(totpCode(secret, present + shift)))
    assert.deepEqual(found, [undefined, present - 1, present, present + 1, undefined])
  })

  test('is none that was used, nor one before it', () => {
    for (const shift of [-1, 0, 1]) {
      const found = find(totpCode(secret, present + shift), present)
      assert.equal(found, shift > 0 ? present + 1 : undefined)
    }
  })

  test('is that of six ASCII digits, with blanks between them or not, and of nothing else', () => {
    const code = totpCode(secret, present)
    assert.equal(find(`${code.slice(0, 3)} ${code.slice(3)}\n`), present)
    const fullWidth = [...code].map((digit) => String.fromCodePoint(0xff10 + Number(digit)))
    const others = ['', '0', code.slice(1), `${code}0`, `+${code}`, `${code}.0`, fullWidth.join('')]
    for (const other of others) assert.equal(find(other), undefined, other)
  })
})
