// Requests whose end two readers would see in different places: what a proxy in front takes for one request must not be
// two to us, nor the other way round (RFC 9112 §11.2).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { call } from '../client/call.fixture.ts'
import { newcomer, profileOf } from '../client/people.fixture.ts'
import { exchange, openConnection } from '../client/raw-connection.fixture.ts'
import { behindEachDoor, newName } from '../targets/target.fixture.ts'

const smuggled = 'GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n'
const start = 'POST /api/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n'

/** Heads and bodies, each with one ambiguity. */
const ambiguous: Readonly<Record<string, string>> = {
  'Content-Length and Transfer-Encoding': `Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  'Transfer-Encoding and Content-Length': `Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n`,
  'two lengths': 'Content-Length: 0\r\nContent-Length: 41\r\n\r\n',
  'two equal lengths': 'Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}',
  'a list of lengths': 'Content-Length: 2, 2\r\n\r\n{}',
  'a negative length': 'Content-Length: -2\r\n\r\n{}',
  'a length with a sign': 'Content-Length: +2\r\n\r\n{}',
  'a hexadecimal length': 'Content-Length: 0x2\r\n\r\n{}',
  'a length with a fraction': 'Content-Length: 2.0\r\n\r\n{}',
  'a length beyond 64 bits': 'Content-Length: 18446744073709551618\r\n\r\n{}',
  'an empty length': 'Content-Length: \r\n\r\n{}',
  'a folded length': 'Content-Length:\r\n 2\r\n\r\n{}',
  'a folded coding': 'Transfer-Encoding:\r\n chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
  'another folded header': 'X-Folded: a\r\n b\r\nContent-Length: 2\r\n\r\n{}',
  'a blank before the colon': 'Content-Length : 2\r\n\r\n{}',
  'a blank before the name': ' Content-Length: 2\r\n\r\n{}',
  'a tab before the coding': 'Transfer-Encoding:\x0bchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
  'a coding that is none': 'Transfer-Encoding: xchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
  'identity as coding': 'Transfer-Encoding: identity\r\nContent-Length: 2\r\n\r\n{}',
  'chunked, but not last': 'Transfer-Encoding: chunked, identity\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
  'two codings':
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
  'a chunk size that is none': 'Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n',
  'a negative chunk size': 'Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n',
  'a chunk size with 0x': 'Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n',
  'a chunk size beyond 64 bits':
    'Transfer-Encoding: chunked\r\n\r\n10000000000000002\r\n{}\r\n0\r\n\r\n',
  'a chunk longer than its size': 'Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n',
  'a chunk that ends in a line feed': 'Transfer-Encoding: chunked\r\n\r\n2\n{}\n0\n\n',
  'a line feed in a chunk extension': 'Transfer-Encoding: chunked\r\n\r\n2;a\nx\r\n{}\r\n0\r\n\r\n',
  'a carriage return in a value': 'X: a\rb\r\nContent-Length: 2\r\n\r\n{}',
  'a NUL in a value': 'X: a\0b\r\nContent-Length: 2\r\n\r\n{}',
  'lines that end in a line feed': 'Content-Length: 2\n\n{}',
}

behindEachDoor({ doors: ['program', 'express'] }, (target) => {
  test('an ambiguous end is refused, and what follows on the connection is never served (v5.0.0-4.2.1, RFC 9112 §6.3)', async () => {
    for (const [name, rest] of Object.entries(ambiguous)) {
      const received = await exchange(target(), `${start}${rest}${smuggled}`)
      assert.match(received, /^HTTP\/1\.1 400 /, name)
      assert.equal(received.match(/HTTP\/1\.1 /g)?.length, 1, `${name}: one answer and no second`)
    }
    assert.equal((await call(target(), '/health/ready')).status, 200)
  })

  test('what is no HTTP/1.1 is refused', async () => {
    for (const text of [
      'GET /api/users HTTP/9.9\r\nHost: a\r\n\r\n',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      'get /api/users HTTP/1.1\r\nHost: a\r\n\r\n',
      'GET /api/us\0ers HTTP/1.1\r\nHost: a\r\n\r\n',
      'GET /api/users HTTP/1.1\r\n\r\n',
      '\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03',
      'SSH-2.0-client\r\n',
    ]) {
      assert.match(await exchange(target(), text), /^HTTP\/1\.1 400 /, JSON.stringify(text))
    }
  })

  test('a body where none is taken is refused, and is no second request', async () => {
    const { token } = await newcomer(target())
    const connection = await openConnection(target())
    const head = `GET /api/users HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\n`
    connection.write(`${head}Content-Length: ${smuggled.length}\r\n\r\n${smuggled}`)
    await connection.until(/"unsupported_media_type"[^}]*\}/)
    connection.write('GET /api/users/public HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    await connection.closed
    const received = connection.received()
    assert.doesNotMatch(received, /"status":"ok"/, 'the body was not served')
    assert.match(received, /^HTTP\/1\.1 415 [\s\S]*\}HTTP\/1\.1 200 OK/)
  })

  test('a trailer adds no credential', async () => {
    const { token } = await newcomer(target())
    const received = await exchange(
      target(),
      'POST /api/auth/logout-all HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n' +
        `Trailer: Authorization\r\n\r\n0\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    )
    assert.match(received, /^HTTP\/1\.1 401 /)
    assert.equal((await profileOf(target(), token)).status, 200)
  })

  test('an upgrade that is not offered is ignored, and does not carry the request past its guards', async () => {
    for (const protocol of ['websocket', 'h2c']) {
      const received = await exchange(
        target(),
        `GET /api/users HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: ${protocol}\r\n\r\n`,
      )
      assert.match(received, /^HTTP\/1\.1 401 /)
    }
  })

  test('Expect: 100-continue is answered, and another expectation fails', async () => {
    const body = JSON.stringify({ username: newName(), password: 'x' })
    const head = `${start}Connection: close\r\nContent-Length: ${body.length}\r\n`
    const continued = await openConnection(target())
    continued.write(`${head}Expect: 100-continue\r\n\r\n`)
    assert.match(await continued.until(/\r\n\r\n/), /^HTTP\/1\.1 100 /)
    continued.write(body)
    await continued.closed
    assert.match(continued.received(), /\r\n\r\nHTTP\/1\.1 401 /)
    const failed = await exchange(target(), `${head}Expect: tea\r\n\r\n${body}`)
    assert.match(failed, /^HTTP\/1\.1 417 /)
  })

  test('two Host headers are refused (RFC 9112 §3.2)', async () => {
    const text = 'GET /api/users HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n'
    assert.match(await exchange(target(), text), /^HTTP\/1\.1 400 /)
  })
})
