// Tokens of a server that signs with a key pair: nobody but the server can sign, so these are forgeries of the signature
// and of the way to the key.

import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { type Answer, call, type JsonObject } from '../client/call.fixture.ts'
import { newcomer, profileOf, textOf } from '../client/people.fixture.ts'
import { assertProblem } from '../client/problem.fixture.ts'
import { exchange } from '../client/raw-connection.fixture.ts'
import { behindEachDoor, type Target } from '../targets/target.fixture.ts'
import {
  dissect,
  encodePart,
  oddSpellings,
  type Part,
  signHs256,
  type Specimen,
} from './forge.fixture.ts'

/** A plain 401: the same words for every reason. */
function assertPlain401(answer: Answer, note: string): void {
  assert.equal(answer.status, 401, `${note}: ${answer.text}`)
  assertProblem(answer, 401, 'invalid_token', 'Invalid or expired token')
  assert.equal(answer.headers['www-authenticate'], 'Bearer error="invalid_token"', note)
}

async function refuseAll(target: Target, tokens: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, token] of Object.entries(tokens)) {
    assertPlain401(await profileOf(target, token), name)
  }
  if (target.door === 'program') return
  for (const [name, token] of Object.entries(tokens)) {
    const answer = await call(target, '/host/user', { token })
    if (token.includes(', Bearer ')) {
      // Two headers that somebody on the way made one (RFC 9110 §5.3).
      assertProblem(answer, 400, 'invalid_request')
      continue
    }
    assertProblem(answer, 401, 'invalid_token', 'Invalid or expired token')
    assert.equal(answer.headers['www-authenticate'], 'Bearer error="invalid_token"', name)
  }
}

function sendAs(target: Target, authorization: string): Promise<Answer> {
  return call(target, '/api/users', { headers: { authorization } })
}

/** Signs with a key of the forger's. */
function signEs256(header: Part, payload: Part): { token: string; jwk: JsonWebKey } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const input = `${encodePart(header)}.${encodePart(payload)}`
  const signature = sign('sha256', Buffer.from(input), {
    key: privateKey,
    dsaEncoding: 'ieee-p1363',
  })
  return {
    token: `${input}.${signature.toString('base64url')}`,
    jwk: publicKey.export({ format: 'jwk' }),
  }
}

behindEachDoor({ doors: ['program', 'express'] }, (target) => {
  let good: Specimen
  before(async () => {
    good = dissect((await newcomer(target())).token)
  })

  test('an unsigned token is refused, however none is spelt (v5.0.0-9.1.2, RFC 8725 §3.1)', async () => {
    const { header, parts } = good
    const forged: Record<string, string> = {}
    for (const alg of ['none', 'None', 'NONE', 'nOnE', '', null, 'null', ['none'], {}]) {
      const altered = encodePart({ ...header, alg })
      forged[`${JSON.stringify(alg)}, no signature`] = `${altered}.${parts[1]}.`
      forged[`${JSON.stringify(alg)}, the old signature`] = `${altered}.${parts[1]}.${parts[2]}`
    }
    const { alg: _alg, ...without } = header
    forged['no alg'] = `${encodePart(without)}.${parts[1]}.${parts[2]}`
    await refuseAll(target(), forged)
  })

  test('the public key is no HMAC secret, in none of its forms (v5.0.0-9.1.2, RFC 8725 §2.1)', async () => {
    const { keys } = (await call(target(), '/.well-known/jwks.json')).json as { keys: JsonWebKey[] }
    const forged: Record<string, string> = {}
    for (const jwk of keys) {
      const key = createPublicKey({ key: jwk, format: 'jwk' })
      const pem = key.export({ type: 'spki', format: 'pem' })
      const der = key.export({ type: 'spki', format: 'der' })
      const secrets = {
        pem,
        'pem without its end': pem.trim(),
        der,
        jwk: JSON.stringify(jwk),
        x: Buffer.from(textOf(jwk.x), 'base64url'),
        point: der.subarray(-65),
        nothing: '',
      }
      for (const [name, secret] of Object.entries(secrets)) {
        for (const alg of ['HS256', 'ES256', 'hs256']) {
          const header = { ...good.header, alg, kid: (jwk as { kid?: string }).kid }
          forged[`${alg} with ${name}`] = signHs256(secret, header, good.claims)
        }
      }
    }
    await refuseAll(target(), forged)
  })

  test('a changed token is refused, whichever byte was changed (v5.0.0-9.1.1, v5.0.0-7.2.1)', async () => {
    const { parts, claims, header } = good
    const forged: Record<string, string> = {}
    const raised = { role: 'admin', roles: ['admin'], sub: 'x', exp: 9_999_999_999, epoch: 99 }
    for (const [name, value] of Object.entries(raised)) {
      forged[name] = `${parts[0]}.${encodePart({ ...claims, [name]: value })}.${parts[2]}`
    }
    for (let at = 0; at < good.token.length; at += 7) {
      const other = good.token[at] === 'A' ? 'B' : 'A'
      if (good.token[at] === '.') continue
      forged[`character ${at}`] = good.token.slice(0, at) + other + good.token.slice(at + 1)
    }
    forged['a header with a member more'] =
      `${encodePart({ ...header, x: 1 })}.${parts[1]}.${parts[2]}`
    await refuseAll(target(), forged)
    assert.equal((await profileOf(target(), good.token)).status, 200)
  })

  test('a signature that is none is refused: zeros, another form, another algorithm’s (v5.0.0-9.1.1)', async () => {
    const [header, payload, signature] = good.parts
    const bytes = Buffer.from(signature, 'base64url')
    const signatures = {
      zeros: Buffer.alloc(64),
      ones: Buffer.alloc(64, 0xff),
      'r is zero': Buffer.concat([Buffer.alloc(32), bytes.subarray(32)]),
      's is zero': Buffer.concat([bytes.subarray(0, 32), Buffer.alloc(32)]),
      swapped: Buffer.concat([bytes.subarray(32), bytes.subarray(0, 32)]),
      short: bytes.subarray(0, 63),
      long: Buffer.concat([bytes, Buffer.alloc(1)]),
      der: Buffer.concat([
        Buffer.from('30440220', 'hex'),
        bytes.subarray(0, 32),
        Buffer.from('0220', 'hex'),
        bytes.subarray(32),
      ]),
      empty: Buffer.alloc(0),
    }
    const forged = Object.fromEntries(
      Object.entries(signatures).map(([name, forgery]) => [
        name,
        `${header}.${payload}.${forgery.toString('base64url')}`,
      ]),
    )
    await refuseAll(target(), forged)
  })

  test('another algorithm under our key’s name is refused: one key, one algorithm (v5.0.0-11.6.1, RFC 8725 §3.1)', async () => {
    const { header, claims, parts } = good
    const names = [
      'ES384',
      'ES512',
      'ES256K',
      'RS256',
      'PS256',
      'HS256',
      'HS512',
      'EdDSA',
      'Ed25519',
    ]
    const forged: Record<string, string> = {}
    for (const alg of [...names, 'es256', 'ES256 ', 'ECDH-ES', 'dir', 'A256GCM', 'ML-DSA-44']) {
      forged[`${alg}, ours`] = `${encodePart({ ...header, alg })}.${parts[1]}.${parts[2]}`
      forged[`${alg}, the forger’s`] = signEs256({ ...header, alg }, claims).token
    }
    await refuseAll(target(), forged)
  })

  test('a key of the forger’s is refused, whatever name it gives itself (v5.0.0-9.1.3, RFC 8725 §3.10)', async () => {
    const { header, claims } = good
    const kids: unknown[] = [
      header.kid,
      '',
      'x',
      null,
      0,
      [header.kid],
      { kid: header.kid },
      `${String(header.kid)}\0`,
      ` ${String(header.kid)}`,
      String(header.kid).toUpperCase(),
      "' OR 1=1 --",
      "x' UNION SELECT 'key",
      '../../../../dev/null',
      '/dev/null',
      'file:///etc/passwd',
      '__proto__',
      'constructor',
      'toString',
      '*',
      '| sleep 5',
      '$(id)',
      '{"$gt":""}',
      'x'.repeat(5000),
      'ключ',
    ]
    const forged: Record<string, string> = {}
    for (const kid of kids) {
      const altered = { ...header, kid }
      const name = JSON.stringify(kid).slice(0, 40)
      forged[name] = signEs256(altered, claims).token
      forged[`${name}, HS256 with nothing`] = signHs256('', { ...altered, alg: 'HS256' }, claims)
    }
    const { kid: _kid, ...without } = header
    forged['no kid'] = signEs256(without, claims).token
    await refuseAll(target(), forged)
  })

  test('odd spellings of a good token are refused, five parts and the JSON serialisations among them (RFC 7515 §2, RFC 8725 §3.3, v5.0.0-1.5.3)', async () => {
    await refuseAll(target(), oddSpellings(good))
    assert.equal((await profileOf(target(), good.token)).status, 200)
  })

  test('a token longer than any of ours is refused before it is read', async () => {
    const [header, payload, signature] = good.parts
    await refuseAll(target(), {
      'a long payload': `${header}.${payload}${'A'.repeat(9000)}.${signature}`,
      'a long signature': `${header}.${payload}.${'A'.repeat(9000)}`,
      'a long word': 'A'.repeat(14_000),
      'a thousand dots': '.'.repeat(1000),
    })
  })

  test('an access token counts in the Authorization header alone (RFC 6750 §2, RFC 9700 §4.3.2, v5.0.0-14.2.1)', async () => {
    const { token } = good
    for (const name of ['access_token', 'token', 'accessToken', 'jwt', 'authorization']) {
      const form = `${name}=${token}`
      for (const answer of [
        await call(target(), `/api/users?${form}`),
        await call(target(), '/api/users', { cookie: form }),
        await call(target(), '/api/users', { cookie: `refreshToken=${token}` }),
        await call(target(), '/api/users', { headers: { [`x-${name.replace('_', '-')}`]: token } }),
      ]) {
        assertProblem(answer, 401, 'no_token', 'No token provided')
      }
      const formType = { 'content-type': 'application/x-www-form-urlencoded' }
      const posted = await call(target(), '/api/auth/logout-all', { body: form, headers: formType })
      assertProblem(posted, 401, 'no_token')
      const json = { [name]: token }
      assertProblem(await call(target(), '/api/auth/logout-all', { json }), 401, 'no_token')
    }
  })

  test('the scheme is Bearer in any case, and nothing else (RFC 9110 §11.1, RFC 6750 §2.1)', async () => {
    const { token } = good
    for (const scheme of ['Bearer', 'bearer', 'BEARER', 'bEaReR']) {
      assert.equal((await sendAs(target(), `${scheme} ${token}`)).status, 200, scheme)
    }
    for (const scheme of [
      'Basic',
      'DPoP',
      'Token',
      'JWT',
      'Bearer:',
      'Bearer=',
      'BearerX',
      'Bear er',
    ]) {
      assert.equal((await sendAs(target(), `${scheme} ${token}`)).status, 401, scheme)
    }
    for (const value of [
      token,
      `Bearer${token}`,
      `Bearer\t${token}`,
      'Bearer',
      'Bearer ',
      'Bearer ,',
    ]) {
      assert.equal((await sendAs(target(), value)).status, 401, value)
    }
    for (const blank of ['\u00a0', '\t', '\u0085']) {
      assert.equal(
        (await sendAs(target(), `Bearer ${blank}${token}`)).status,
        401,
        JSON.stringify(blank),
      )
      assert.equal((await sendAs(target(), `Bearer ${token}${blank}x`)).status, 401)
    }
  })

  test('two Authorization headers are no credential, even when both are good (v5.0.0-15.3.7, RFC 6750 §2)', async () => {
    const { token } = good
    const others = [`Bearer ${token}`, 'Bearer x', 'Basic YTpi', '']
    for (const other of others) {
      for (const pair of [
        [`Bearer ${token}`, other],
        [other, `Bearer ${token}`],
      ]) {
        const lines = pair.map((value) => `Authorization: ${value}\r\n`).join('')
        // The guards name the mistake (RFC 6750 §3.1); the API gives no reasons.
        const paths = { '/api/users': 401, '/host/user': target().door === 'program' ? 404 : 400 }
        for (const [path, status] of Object.entries(paths)) {
          const received = await exchange(
            target(),
            `GET ${path} HTTP/1.1\r\nHost: a\r\n${lines}Connection: close\r\n\r\n`,
          )
          const what = `${path} ${pair.join(' | ').slice(0, 40)}`
          assert.equal(received.slice(0, 12), `HTTP/1.1 ${status}`, what)
        }
      }
    }
  })

  test('each kind of token opens its own door alone (v5.0.0-9.2.2, RFC 8725 §3.12)', async () => {
    const person = await newcomer(target())
    const tokens = [person.refreshToken, person.csrfToken, person.sessionId, person.id]
    for (const token of tokens) assertPlain401(await profileOf(target(), token), token)
    for (const refreshToken of [person.token, person.csrfToken, person.sessionId]) {
      const answer = await call(target(), '/api/auth/refresh', { json: { refreshToken } })
      assertProblem(answer, 401, 'invalid_refresh_token', 'Invalid refresh token')
      const cookie = `refreshToken=${refreshToken}`
      const options = { method: 'POST', cookie, csrf: person.csrfToken }
      assertProblem(
        await call(target(), '/api/auth/refresh', options),
        401,
        'invalid_refresh_token',
      )
    }
  })
})

behindEachDoor({ doors: ['program', 'express'] }, (target) => {
  let canary: Server
  let hits: string[] = []
  let good: Specimen
  before(async () => {
    canary = createServer((request, response) => {
      hits.push(request.url ?? '')
      response.end(JSON.stringify({ keys: [] }))
    }).listen(0, '127.0.0.1')
    await once(canary, 'listening')
    good = dissect((await newcomer(target())).token)
  })
  after(() => canary.close())

  test('keys and addresses inside a token are neither used nor fetched: the canary is never called (v5.0.0-9.1.3, v5.0.0-1.3.6, RFC 8725 §3.10)', async () => {
    hits = []
    const { port } = canary.address() as AddressInfo
    const url = `http://127.0.0.1:${port}`
    const { header, claims } = good
    const { kid: _kid, ...withoutKid } = header
    const own = signEs256(header, claims)
    const pointers: JsonObject[] = [
      { jwk: own.jwk },
      { jku: `${url}/jku` },
      { x5u: `${url}/x5u` },
      { x5c: ['MIIB'] },
      { x5t: 'x', 'x5t#S256': 'x' },
      { jku: `${url}/jku`, jwk: own.jwk, x5u: `${url}/x5u` },
      { jku: `${target().publicUrl}@127.0.0.1:${port}/jku` },
      { iss: url },
    ]
    const forged: Record<string, string> = {}
    for (const pointer of pointers) {
      const name = Object.keys(pointer).join()
      for (const base of [header, withoutKid, { ...header, kid: url }]) {
        const { token } = signEs256({ ...base, ...pointer }, claims)
        forged[`${name} ${Object.keys(forged).length}`] = token
      }
      const issued = signEs256({ ...header, ...pointer }, { ...claims, iss: url, jku: url })
      forged[`${name}, issuer too`] = issued.token
    }
    await refuseAll(target(), forged)
    // The server answers other work meanwhile, so a fetch that was started would have come.
    for (let time = 0; time < 20; time++) await call(target(), '/health/ready')
    assert.deepEqual(hits, [])
    await call({ port }, '/alive')
    assert.deepEqual(hits, ['/alive'], 'the canary works')
  })
})
