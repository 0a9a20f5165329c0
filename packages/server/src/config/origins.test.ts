import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { isLoopback, parseOrigin } from './origins.ts'

describe('an origin in the configuration', () => {
  test('is scheme, host and port, with or without a slash at the end', () => {
    for (const origin of [
      'https://auth.example.com',
      'https://auth.example.com:8443',
      'http://localhost:3000',
      'http://[::1]:3000',
      'https://xn--bcher-kva.example',
    ]) {
      assert.equal(parseOrigin(origin), origin)
      assert.equal(parseOrigin(`${origin}/`), origin)
    }
  })

  test('is spelt as browsers spell it, or it would never match', () => {
    for (const text of [
      'https://AUTH.example.com',
      'HTTPS://auth.example.com',
      'https://auth.example.com:443',
      'http://auth.example.com:80',
      'https://bücher.example',
      'http://127.1',
      'http://0x7f.0.0.1',
      ' https://auth.example.com',
    ]) {
      assert.equal(parseOrigin(text), undefined, text)
    }
  })

  test('is nothing more and nothing else', () => {
    for (const text of [
      '',
      '*',
      'null',
      'auth.example.com',
      'https://',
      'https://*.example.com',
      'https://auth.example.com/path',
      'https://auth.example.com?x',
      'https://auth.example.com#x',
      'https://user:secret@auth.example.com',
      'ftp://auth.example.com',
      'javascript:alert(1)',
      'data:text/html,x',
      'file:///etc/passwd',
      'blob:https://auth.example.com/1',
      '//auth.example.com',
    ]) {
      assert.equal(parseOrigin(text), undefined, text)
    }
  })

  test('once accepted is its own origin', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom('https://', 'http://', ''), (text, scheme) => {
        const origin = parseOrigin(`${scheme}${text}`)
        if (origin !== undefined) assert.equal(new URL(origin).origin, origin)
      }),
    )
  })
})

describe('this machine itself', () => {
  test('is localhost and its names, 127/8 and ::1', () => {
    for (const host of ['localhost:3000', 'app.localhost', '127.0.0.1', '127.9.9.9', '[::1]:80']) {
      assert.equal(isLoopback(`http://${host}`), true, host)
    }
  })

  test('is nothing that only looks like it', () => {
    for (const host of [
      'localhost.evil.test',
      'notlocalhost',
      '127.0.0.1.evil.test',
      '10.0.0.1',
      '0.0.0.0',
      '[::]',
      '[::ffff:10.0.0.1]',
      'example.com',
    ]) {
      assert.equal(isLoopback(`http://${host}`), false, host)
    }
  })
})
