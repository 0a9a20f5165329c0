import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { createVerifier, type Verifier, type VerifierOptions } from '../index.ts'
import {
  CLAIMS,
  createSigningKey,
  encodePart,
  NOW_SECONDS,
  outcomeOf,
} from '../tokens/issuer.fixture.ts'
import { type Answer, IssuerServer, until } from './issuer-server.fixture.ts'

let issuer: IssuerServer
let now: number
let problems: string[]

beforeEach(async () => {
  issuer = await IssuerServer.start()
  now = NOW_SECONDS * 1000
  problems = []
})
afterEach(() => issuer.close())

function verifierOf(changes: Partial<VerifierOptions> = {}): Verifier {
  return createVerifier({
    issuer: issuer.url,
    audience: issuer.url,
    clock: () => now,
    onProblem: ({ message }) => problems.push(message),
    ...changes,
  })
}

async function outcome(verifier: Verifier, token: string): Promise<string> {
  return outcomeOf(await verifier.verify(token))
}

/** A token that outlives what the tests do with the clock. */
const longLived = { exp: NOW_SECONDS + 1_000_000 }

describe('a verifier that is given the issuer alone', () => {
  test('finds the keys and verifies', async () => {
    const verifier = verifierOf()
    assert.equal(issuer.requests.length, 0)
    const verification = await verifier.verify(issuer.sign())
    assert.deepEqual(verification, {
      ok: true,
      claims: { ...CLAIMS, iss: issuer.url, aud: issuer.url },
    })
    assert.deepEqual(issuer.requests, ['/.well-known/oauth-authorization-server', '/jwks'])
  })

  test('loads the keys once for many tokens at once', async () => {
    const verifier = verifierOf()
    const tokens = Array.from({ length: 50 }, (_, n) => issuer.sign({ jti: `token-${n}` }))
    const outcomes = await Promise.all(tokens.map((token) => outcome(verifier, token)))
    assert.deepEqual(new Set(outcomes), new Set(['accepted']))
    assert.equal(issuer.count('/jwks'), 1)
  })

  test('goes straight to a jwksUri that it is given', async () => {
    const verifier = verifierOf({ issuer: 'any name', jwksUri: `${issuer.url}/jwks` })
    assert.equal(await outcome(verifier, issuer.sign({ iss: 'any name' })), 'accepted')
    assert.deepEqual(issuer.requests, ['/jwks'])
  })

  test('finds the metadata of an issuer with a path in both places (RFC 8414 §3.1)', async () => {
    const places = [
      '/.well-known/oauth-authorization-server/tenant',
      '/tenant/.well-known/oauth-authorization-server',
    ]
    for (const place of places) {
      const iss = `${issuer.url}/tenant`
      issuer.answers.set(place, (_, response) => {
        response.end(JSON.stringify({ ...issuer.metadata(), issuer: iss }))
      })
      assert.equal(await outcome(verifierOf({ issuer: iss }), issuer.sign({ iss })), 'accepted')
      issuer.answers.delete(place)
    }
  })

  test('answers an input without fetching when its form or header already tells', async () => {
    const verifier = verifierOf()
    const [, payload = '', signature = ''] = issuer.sign().split('.')
    const header = encodePart({ typ: 'JWT', alg: 'ES256', kid: 'key-1' })
    for (const token of ['', 'a.b.c', `${header}.${payload}.${signature}`, 'x'.repeat(9000)]) {
      assert.equal((await verifier.verify(token)).ok, false)
    }
    assert.equal(issuer.requests.length, 0)
  })

  test('answers whatever it is given and never rejects', async () => {
    const verifier = verifierOf()
    for (const input of [undefined, null, 1, {}, [], Symbol('x'), Buffer.from('x')]) {
      // What a caller without types may pass.
      assert.equal(await outcome(verifier, input as string), 'malformed')
    }
  })
})

describe('metadata', () => {
  const refused: [string, (url: string) => unknown, RegExp][] = [
    ['of another issuer', (url) => ({ issuer: `${url}/`, jwks_uri: `${url}/jwks` }), /exactly/],
    ['without issuer', (url) => ({ jwks_uri: `${url}/jwks` }), /exactly/],
    ['without jwks_uri', (url) => ({ issuer: url }), /names no "jwks_uri"/],
    [
      'with a jwks_uri over http',
      (url) => ({ issuer: url, jwks_uri: 'http://x.example/' }),
      /https/,
    ],
    ['with a jwks_uri that is a file', (url) => ({ issuer: url, jwks_uri: 'file:///k' }), /https/],
    ['with a jwks_uri that is no text', (url) => ({ issuer: url, jwks_uri: [1] }), /https/],
    ['that is a list', () => [], /exactly/],
  ]
  for (const [what, metadata, why] of refused) {
    test(`${what} yields no keys`, async () => {
      issuer.answers.set('/.well-known/oauth-authorization-server', (_, response) => {
        response.end(JSON.stringify(metadata(issuer.url)))
      })
      const verifier = verifierOf()
      assert.equal(await outcome(verifier, issuer.sign()), 'keys_unavailable')
      assert.match(problems[0] ?? '', why)
      assert.equal(issuer.count('/jwks'), 0)
    })
  }

  test('with a member twice yields no keys', async () => {
    issuer.answers.set('/.well-known/oauth-authorization-server', (_, response) => {
      response.end(`{"issuer":"x",${JSON.stringify(issuer.metadata()).slice(1)}`)
    })
    assert.equal(await outcome(verifierOf(), issuer.sign()), 'keys_unavailable')
  })

  test('of an issuer elsewhere names no address on this machine', async () => {
    const elsewhere = 'https://auth.example.com'
    const asked: string[] = []
    const verifier = verifierOf({
      issuer: elsewhere,
      fetch: async (url) => {
        asked.push(url)
        return Response.json({ issuer: elsewhere, jwks_uri: `${issuer.url}/jwks` })
      },
    })
    assert.equal(await outcome(verifier, issuer.sign({ iss: elsewhere })), 'keys_unavailable')
    assert.deepEqual(asked, [`${elsewhere}/.well-known/oauth-authorization-server`])
    assert.equal(issuer.requests.length, 0)
  })
})

describe('what the issuer answers', () => {
  test('is not followed elsewhere: a redirect reaches nobody', async () => {
    const canary = createServer((_, response) => response.end())
    let hits = 0
    canary.on('request', () => hits++)
    await new Promise<void>((resolve) => canary.listen(0, '127.0.0.1', resolve))
    const { port }: AddressInfo = Object(canary.address())
    for (const path of ['/.well-known/oauth-authorization-server', '/jwks']) {
      const proper = issuer.answers.get(path)
      for (const status of [301, 302, 303, 307, 308]) {
        issuer.answers.set(path, (_, response) => {
          response.writeHead(status, { location: `http://127.0.0.1:${port}/` }).end()
        })
        assert.equal(await outcome(verifierOf(), issuer.sign()), 'keys_unavailable')
        assert.match(problems.at(-1) ?? '', /redirects elsewhere/)
      }
      if (proper) issuer.answers.set(path, proper)
    }
    canary.close()
    assert.equal(hits, 0)
  })

  test('is refused when a fetch of the host went elsewhere by itself', async () => {
    for (const path of ['/.well-known/oauth-authorization-server', '/jwks']) {
      const proper = issuer.answers.get(path)
      assert.ok(proper)
      issuer.answers.set(`/elsewhere${path}`, proper)
      issuer.answers.set(path, (_, response) => {
        response.writeHead(302, { location: `/elsewhere${path}` }).end()
      })
      const verifier = verifierOf({
        fetch: (url, init) => fetch(url, { ...init, redirect: 'follow' }),
      })
      assert.equal(await outcome(verifier, issuer.sign()), 'keys_unavailable')
      assert.match(problems.at(-1) ?? '', /redirects elsewhere/)
      assert.equal(issuer.count(`/elsewhere${path}`), 1)
      issuer.answers.set(path, proper)
    }
  })

  test('may not be endless', async () => {
    issuer.answers.set('/jwks', (_, response) => {
      const chunk = ' '.repeat(65_536)
      const more = (): void => {
        while (!response.destroyed && response.write(chunk));
      }
      response.on('drain', more)
      more()
    })
    assert.equal(await outcome(verifierOf(), issuer.sign()), 'keys_unavailable')
    assert.match(problems[0] ?? '', /longer than 262144 bytes/)
  })

  test('may not take for ever, neither to begin nor to end', async () => {
    const slow: Answer[] = [() => undefined, (_, response) => void response.write('{"keys":')]
    for (const answer of slow) {
      issuer.answers.set('/jwks', answer)
      assert.equal(await outcome(verifierOf({ timeoutMs: 50 }), issuer.sign()), 'keys_unavailable')
      assert.match(problems.at(-1) ?? '', /no answer within 50 ms/)
    }
  })

  const refused: [string, number, string, RegExp][] = [
    ['a failure', 500, '', /answered 500/],
    ['no content', 204, '', /answered 204/],
    ['a page', 200, '<html>', /not a JSON object/],
    ['no keys', 200, '{"keys":[]}', /no usable key/],
    ['a secret', 200, '{"keys":[{"kty":"oct","alg":"HS256","kid":"k","k":"AAAA"}]}', /secret key/],
    ['a member twice', 200, '{"keys":[],"keys":[]}', /not a JSON object/],
  ]
  for (const [what, status, body, why] of refused) {
    test(`is refused as a key set: ${what}`, async () => {
      issuer.answers.set('/jwks', (_, response) => {
        response.writeHead(status).end(body)
      })
      assert.equal(await outcome(verifierOf(), issuer.sign()), 'keys_unavailable')
      assert.match(problems[0] ?? '', why)
    })
  }
})

describe('a token with an unknown kid', () => {
  test('causes one fetch per cool-down, however many come', async () => {
    const verifier = verifierOf()
    await verifier.ready()
    now += 31_000
    const stranger = createSigningKey('ES256', 'stranger')
    const [, payload, signature] = issuer.sign({}, stranger).split('.')
    const flood = async (): Promise<void> => {
      for (let n = 0; n < 10_000; n++) {
        const header = encodePart({ typ: 'at+jwt', alg: 'ES256', kid: `made-up-${n}` })
        assert.equal(await outcome(verifier, `${header}.${payload}.${signature}`), 'unknown_key')
      }
    }
    await flood()
    assert.equal(issuer.count('/jwks'), 2)
    now += 29_999
    await flood()
    assert.equal(issuer.count('/jwks'), 2)
    now += 1
    await flood()
    assert.equal(issuer.count('/jwks'), 3)
  })

  test('is accepted when its key is new, and the earlier ones go on', async () => {
    const verifier = verifierOf()
    const early = issuer.sign()
    const first = await verifier.verify(early)
    assert.equal(first.ok, true)
    issuer.keys = [...issuer.keys, createSigningKey('EdDSA', 'key-2')]
    now += 30_000
    assert.equal(await outcome(verifier, issuer.sign()), 'accepted')
    assert.equal(await verifier.verify(early), first, 'a key that did not change keeps its tokens')
  })

  test('is never looked up where the token says', async () => {
    const verifier = verifierOf()
    await verifier.ready()
    now += 31_000
    const stranger = createSigningKey('ES256', 'stranger')
    const [, payload, signature] = issuer.sign({}, stranger).split('.')
    const evil = `${issuer.url}/evil`
    const named = { kid: 'stranger', jku: evil, x5u: evil, iss: evil, jwks_uri: evil }
    const header = encodePart({ typ: 'at+jwt', alg: 'ES256', ...named })
    assert.equal(await outcome(verifier, `${header}.${payload}.${signature}`), 'unknown_key')
    assert.equal(issuer.count('/evil'), 0)
  })
})

describe('keys', () => {
  test('are kept for their max-age, and renewed before it is over without making anybody wait', async () => {
    const verifier = verifierOf()
    const token = issuer.sign(longLived)
    await verifier.verify(token)
    now += 239_000
    await verifier.verify(token)
    assert.equal(issuer.count('/jwks'), 1)
    now += 1000
    await verifier.verify(token)
    await until(() => issuer.count('/jwks') === 2)
  })

  test('are asked for again before they serve when nobody came for their whole max-age', async () => {
    const verifier = verifierOf()
    const token = issuer.sign(longLived)
    assert.equal(await outcome(verifier, token), 'accepted')
    issuer.keys = [createSigningKey('ES256', 'key-2')]
    now += 300_000
    assert.equal(await outcome(verifier, token), 'unknown_key')
  })

  test('that were replaced under the same kid verify nothing that the old ones signed', async () => {
    const verifier = verifierOf()
    const early = issuer.sign(longLived)
    assert.equal(await outcome(verifier, early), 'accepted')
    issuer.keys = [createSigningKey('ES256', 'key-1')]
    now += 300_000
    assert.equal(await outcome(verifier, early), 'bad_signature')
    assert.equal(await outcome(verifier, issuer.sign(longLived)), 'accepted')
  })

  const lives: [string, string | undefined, number][] = [
    ['no max-age', undefined, 300],
    ['a long one', 'max-age=999999999', 3600],
    ['none', 'max-age=0', 30],
    ['no-store', 'no-store', 30],
    ['no-cache and a max-age', 'max-age=600, no-cache', 30],
    ['another directive with such a name', 'x-max-age=900', 300],
    ['max-age among others', 'public, max-age=600, immutable', 600],
  ]
  for (const [what, cacheControl, seconds] of lives) {
    test(`with ${what} are kept for ${seconds} s`, async () => {
      issuer.cacheControl = cacheControl
      const verifier = verifierOf()
      await verifier.ready()
      now += seconds * 1000 - 1
      assert.equal(verifier.status().keys.state, 'fresh')
      now += 1
      assert.equal(verifier.status().keys.state, 'stale')
    })
  }

  test('grow old from when they were asked for, however long the answer takes', async () => {
    const proper = issuer.answers.get('/jwks')
    issuer.answers.set('/jwks', (request, response) => {
      now += 4000
      proper?.(request, response)
    })
    const verifier = verifierOf()
    await verifier.ready()
    now += 295_999
    assert.equal(verifier.status().keys.state, 'fresh')
    now += 1
    assert.equal(verifier.status().keys.state, 'stale')
  })

  test('have the time in caches on the way taken off', async () => {
    const proper = issuer.answers.get('/jwks')
    issuer.answers.set('/jwks', (request, response) => {
      response.setHeader('age', '200')
      proper?.(request, response)
    })
    const verifier = verifierOf()
    await verifier.ready()
    now += 100_000
    assert.equal(verifier.status().keys.state, 'stale')
  })
})

describe('while the issuer is away', () => {
  test('known keys serve up to the bound, and no longer', async () => {
    const verifier = verifierOf({ staleKeysSeconds: 7200 })
    const token = issuer.sign(longLived)
    await verifier.verify(token)
    await issuer.close()
    now += 7_199_000
    assert.equal(await outcome(verifier, token), 'accepted')
    assert.equal(verifier.status().keys.state, 'stale')
    assert.match(verifier.status().keys.problem ?? '', /cannot be read/)
    now += 1000
    assert.equal(await outcome(verifier, token), 'keys_unavailable')
  })

  test('only the first token waits for it', async () => {
    const verifier = verifierOf()
    const token = issuer.sign(longLived)
    await verifier.verify(token)
    now += 301_000
    let asked = 0
    issuer.answers.set('/jwks', (_, response) => {
      asked++
      if (asked === 1) response.writeHead(503).end()
      // The others are never answered.
    })
    assert.equal(await outcome(verifier, token), 'accepted')
    now += 1001
    assert.equal(await outcome(verifier, token), 'accepted')
    await until(() => asked === 2)
    assert.equal(await outcome(verifier, token), 'accepted')
    assert.equal(problems.length, 1, 'the tokens passed while the second request was still open')
  })

  test('it is asked less and less often', async () => {
    const verifier = verifierOf()
    issuer.answers.set('/jwks', (_, response) => void response.writeHead(503).end())
    const asked: number[] = []
    for (let second = 0; second < 120; second++) {
      const before = issuer.count('/jwks')
      assert.equal(await outcome(verifier, issuer.sign()), 'keys_unavailable')
      if (issuer.count('/jwks') > before) asked.push(second)
      now += 1000
    }
    assert.deepEqual(asked, [0, 1, 3, 7, 15, 31, 61, 91])
  })

  test('a key that it may know is unavailable, not unknown', async () => {
    const verifier = verifierOf()
    await verifier.ready()
    now += 31_000
    issuer.answers.set('/jwks', (_, response) => void response.writeHead(503).end())
    const token = issuer.sign({}, createSigningKey('ES256', 'key-2'))
    assert.equal(await outcome(verifier, token), 'keys_unavailable')
  })

  test('a bad answer in place of the keys changes nothing', async () => {
    const verifier = verifierOf()
    const token = issuer.sign(longLived)
    await verifier.verify(token)
    const proper = issuer.answers.get('/jwks')
    issuer.answers.set('/jwks', (_, response) => void response.end('{"keys":[]}'))
    now += 301_000
    assert.equal(await outcome(verifier, token), 'accepted')
    assert.match(verifier.status().keys.problem ?? '', /no usable key/)
    if (proper) issuer.answers.set('/jwks', proper)
    now += 2000
    await outcome(verifier, token)
    await until(() => verifier.status().keys.state === 'fresh')
    assert.equal(verifier.status().keys.problem, undefined)
  })

  test('ready says why, and works once it is back', async () => {
    const proper = issuer.answers.get('/jwks')
    issuer.answers.set('/jwks', (_, response) => void response.writeHead(503).end())
    const verifier = verifierOf()
    await assert.rejects(verifier.ready(), /key set at .* answered 503/)
    assert.equal(verifier.status().keys.state, 'none')
    if (proper) issuer.answers.set('/jwks', proper)
    await verifier.ready()
    assert.deepEqual(verifier.status(), {
      keys: { state: 'fresh', count: 1, fetchedAt: now, problem: undefined },
    })
  })

  test('whoever is told of it may throw, and tokens are answered all the same', async () => {
    issuer.answers.set('/jwks', (_, response) => void response.writeHead(503).end())
    const verifier = verifierOf({
      onProblem: () => {
        throw new Error('the log is full')
      },
    })
    assert.equal(await outcome(verifier, issuer.sign()), 'keys_unavailable')
  })

  test('a clock that was set back makes nothing unusable', async () => {
    const verifier = verifierOf()
    const token = issuer.sign()
    await verifier.verify(token)
    await issuer.close()
    now -= 4000
    assert.equal(await outcome(verifier, token), 'accepted')
  })
})

describe('keys that are given', () => {
  test('need no issuer to ask, and can be a secret', async () => {
    const secret = createSigningKey('HS256')
    const verifier = verifierOf({ findKey: (kid) => (kid === secret.kid ? secret : undefined) })
    assert.equal(await outcome(verifier, issuer.sign({}, secret)), 'accepted')
    assert.equal(await outcome(verifier, issuer.sign()), 'wrong_algorithm')
    assert.equal(issuer.requests.length, 0)
    assert.equal(verifier.status().keys.state, 'given')
  })
})

describe('options', () => {
  const refused: [string, object, RegExp][] = [
    ['an issuer over http', { issuer: 'http://auth.example.com' }, /Set "issuer" to an https/],
    ['an issuer that is a name', { issuer: 'issuer' }, /Set "issuer" to an https/],
    ['an issuer with a query', { issuer: 'https://auth.example.com/?a' }, /Set "issuer"/],
    ['an issuer with a password', { issuer: 'https://a:b@auth.example.com' }, /Set "issuer"/],
    ['an issuer that looks local', { issuer: 'http://localhost.example.com' }, /Set "issuer"/],
    ['a jwksUri over http', { jwksUri: 'http://auth.example.com/jwks' }, /Set "jwksUri"/],
    ['a fetch that is none', { fetch: {} }, /Set "fetch"/],
    ['keys that are no look-up', { findKey: {} }, /Set "findKey"/],
    ['an onProblem that is none', { onProblem: true }, /Set "onProblem"/],
    ['no cool-down', { keyCoolDownSeconds: 0 }, /Set "keyCoolDownSeconds"/],
    ['an endless life of keys', { maxKeyAgeSeconds: Infinity }, /Set "maxKeyAgeSeconds"/],
    ['an endless stale life', { staleKeysSeconds: Infinity }, /Set "staleKeysSeconds"/],
    ['a timeout that is no number', { timeoutMs: '5' }, /Set "timeoutMs"/],
    ['no audience', { audience: '' }, /Set "audience"/],
  ]
  for (const [what, changes, mend] of refused) {
    test(`with ${what} stop the start, and say how to mend it`, () => {
      assert.throws(() => verifierOf(changes), { name: 'TypeError', message: mend })
    })
  }

  test('may name this machine over http in every spelling', () => {
    for (const host of ['localhost:3000', '127.0.0.1', '127.9.9.9:80', '[::1]:3000']) {
      verifierOf({ issuer: `http://${host}` })
    }
  })
})
