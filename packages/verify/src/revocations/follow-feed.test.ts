import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import fc from 'fast-check'
import {
  createVerifier,
  type RevocationOptions,
  type Verifier,
  type VerifierOptions,
} from '../index.ts'
import { IssuerServer, until } from '../issuer/issuer-server.fixture.ts'
import { createSigningKey, NOW_SECONDS, outcomeOf, signToken } from '../tokens/issuer.fixture.ts'
import { CREDENTIAL, FeedServer } from './feed-server.fixture.ts'

let issuer: IssuerServer
let feed: FeedServer
let now: number
let problems: string[]
let verifiers: Verifier[]

beforeEach(async () => {
  issuer = await IssuerServer.start()
  now = NOW_SECONDS * 1000
  feed = new FeedServer(issuer, () => now)
  problems = []
  verifiers = []
})
afterEach(async () => {
  for (const verifier of verifiers) verifier.close()
  await issuer.close()
})

function follow(
  changes: Partial<RevocationOptions> = {},
  options: Partial<VerifierOptions> = {},
): Verifier {
  const verifier = createVerifier({
    issuer: issuer.url,
    audience: issuer.url,
    clock: () => now,
    onProblem: ({ message }) => problems.push(message),
    ...options,
    revocations: { credential: CREDENTIAL, onStale: 'refuse', ...changes },
  })
  verifiers.push(verifier)
  return verifier
}

async function outcome(verifier: Verifier, token: string): Promise<string> {
  return outcomeOf(await verifier.verify(token))
}

/** Lets requests for this path wait. @returns what answers them */
function hold(path: string): () => void {
  const proper = issuer.answers.get(path)
  const { promise, resolve } = Promise.withResolvers<void>()
  issuer.answers.set(path, (request, response) => {
    void promise.then(() => proper?.(request, response))
  })
  return resolve
}

const session = (name: string) => ({ session: name, at: NOW_SECONDS })
const subject = (name: string, epoch: number) => ({ subject: name, epoch, at: NOW_SECONDS })

describe('a verifier that follows the feed', () => {
  for (const way of ['stream', 'poll'] as const) {
    test(`knows by ${way} what was revoked before it started`, async () => {
      feed.revoke(session('session-1'), subject('user-2', 4))
      const verifier = follow({ follow: way })
      await verifier.ready()
      assert.equal(await outcome(verifier, issuer.sign()), 'revoked')
      assert.equal(await outcome(verifier, issuer.sign({ sid: 's', sub: 'user-2' })), 'revoked')
      const newer = issuer.sign({ sid: 's', sub: 'user-2', epoch: 4 })
      assert.equal(await outcome(verifier, newer), 'accepted')
      assert.equal(verifier.status().revocations?.entries, 2)
    })

    test(`lets the first token wait, by ${way}, until it is complete`, async () => {
      feed.revoke(session('session-1'))
      const verifier = follow({ follow: way })
      assert.equal(await outcome(verifier, issuer.sign()), 'revoked')
    })

    test(`reads pages, by ${way}, until there are no more`, async () => {
      feed.pageSize = 3
      for (let n = 0; n < 10; n++) feed.revoke(session(`session-${n}`))
      const verifier = follow({ follow: way })
      await verifier.ready()
      assert.deepEqual(feed.asked.slice(0, 4), ['page null', 'page c.3', 'page c.6', 'page c.9'])
      for (let n = 0; n < 10; n++) {
        assert.equal(await outcome(verifier, issuer.sign({ sid: `session-${n}` })), 'revoked')
      }
    })
  }

  test('hears on the stream of a revocation, and drops the token that it remembers', async () => {
    const verifier = follow()
    const token = issuer.sign()
    assert.equal(await outcome(verifier, token), 'accepted')
    await until(() => feed.streams === 1)
    feed.revoke(session('session-1'))
    await until(async () => (await outcome(verifier, token)) === 'revoked')
    assert.deepEqual(feed.asked, ['page null', 'stream c.0'])
    assert.deepEqual(problems, [])
  })

  test('asks, when polling, once the last answer has grown old, and the token waits for it', async () => {
    const verifier = follow({ follow: 'poll', pollSeconds: 2 })
    const token = issuer.sign()
    assert.equal(await outcome(verifier, token), 'accepted')
    feed.revoke(session('session-1'))
    now += 1999
    assert.equal(await outcome(verifier, token), 'accepted')
    now += 1
    assert.equal(await outcome(verifier, token), 'revoked')
    assert.deepEqual(feed.asked, ['page null', 'page c.0'])
  })

  test('is spared the body when nothing happened (ETag)', async () => {
    const verifier = follow({ follow: 'poll' })
    for (let n = 0; n < 3; n++) {
      assert.equal(await outcome(verifier, issuer.sign()), 'accepted')
      now += 1000
    }
    assert.deepEqual(feed.asked, ['page null', 'page c.0', 'page c.0', '304'])
  })

  test('accepts no token that no revocation could reach', async () => {
    const verifier = follow()
    const nameless = issuer.sign({ sid: undefined })
    assert.equal(await outcome(verifier, nameless), 'invalid_claims')
    assert.equal(await outcome(verifier, issuer.sign({ epoch: undefined })), 'invalid_claims')
  })

  test('forgets what concerns no token any more', async () => {
    feed.keep = 900
    feed.revoke({ session: 'old', at: NOW_SECONDS - 900 }, session('session-1'))
    const verifier = follow({ follow: 'poll' })
    await verifier.ready()
    assert.equal(verifier.status().revocations?.entries, 1)
    now += 900_000
    await outcome(verifier, issuer.sign({ sid: 'other', exp: NOW_SECONDS + 9999 }))
    assert.equal(verifier.status().revocations?.entries, 0)
  })

  test('takes in 100,000 entries', async () => {
    const entries = Array.from({ length: 100_000 }, (_, n) =>
      n % 2 === 0 ? session(`session-${n}`) : subject(`user-${n}`, 7),
    )
    feed.pageSize = 10_000
    feed.entries = entries
    const verifier = follow()
    await verifier.ready()
    assert.equal(verifier.status().revocations?.entries, 100_000)
    assert.equal(await outcome(verifier, issuer.sign({ sid: 'session-99998' })), 'revoked')
    assert.equal(await outcome(verifier, issuer.sign({ sid: 's', sub: 'user-99999' })), 'revoked')
    assert.equal(await outcome(verifier, issuer.sign({ sid: 's', sub: 'other' })), 'accepted')
  })
})

describe('after a gap', () => {
  test('nothing is complete before the last page', async () => {
    feed.pageSize = 1
    feed.revoke(session('session-0'))
    feed.revoke(session('session-1'))
    const proper = issuer.answers.get('/api/auth/revocations')
    issuer.answers.set('/api/auth/revocations', (request, response) => {
      if (request.url?.includes('cursor=c.1') === true) response.writeHead(503).end()
      else proper?.(request, response)
    })
    const verifier = follow({ follow: 'poll' })
    await assert.rejects(verifier.ready(), /answered 503/)
    assert.equal(verifier.status().revocations?.entries, 1)
    assert.equal(await outcome(verifier, issuer.sign()), 'revocations_unavailable')
  })

  test('a broken stream goes on where it broke off', async () => {
    const verifier = follow()
    await verifier.ready()
    await until(() => feed.streams === 1)
    feed.offersStreams = false
    feed.breakStreams()
    await until(() => feed.streams === 0)
    feed.revoke(session('session-1'))
    feed.offersStreams = true
    await until(async () => (await outcome(verifier, issuer.sign())) === 'revoked')
    assert.ok(feed.asked.includes('page c.0'))
    await until(() => feed.streams === 1)
    assert.match(problems[0] ?? '', /stream of revocations broke off/)
    assert.equal(verifier.status().revocations?.state, 'current')
  })

  test('an issuer that was restarted is found again', async () => {
    const verifier = follow()
    await verifier.ready()
    await until(() => feed.streams === 1)
    const { port } = issuer
    const token = issuer.sign()
    await issuer.close()
    await until(() => verifier.status().revocations?.problem !== undefined)
    feed.revoke(session('session-1'))
    await issuer.listen(port)
    await until(async () => (await outcome(verifier, token)) === 'revoked')
    await until(() => verifier.status().revocations?.problem === undefined)
  })

  test('a stream that falls silent is left, whatever else it sends', async () => {
    feed.heartbeat = 0.05
    const verifier = follow()
    await verifier.ready()
    await until(() => feed.streams === 1)
    const chatter = setInterval(() => feed.send(': still here\n\n'), 5)
    await until(() => problems.some((problem) => problem.includes('fell silent')))
    clearInterval(chatter)
  })

  test('where no stream gets through, pages keep it current', async () => {
    feed.offersStreams = false
    const verifier = follow()
    await verifier.ready()
    feed.revoke(session('session-1'))
    await until(async () => (await outcome(verifier, issuer.sign())) === 'revoked')
  })

  test('a page that leaves something out is refused, and all is read again', async () => {
    const verifier = follow()
    await verifier.ready()
    await until(() => feed.streams === 1)
    feed.entries.push(session('session-1'), session('session-2'))
    const later = feed.page('c.1')
    feed.send(`data: ${later}\n\n`)
    await until(() => feed.asked.filter((ask) => ask === 'page null').length === 2)
    await until(async () => (await outcome(verifier, issuer.sign())) === 'revoked')
    assert.ok(problems.some((problem) => problem.includes('does not go on')))
  })

  test('entries that come twice, late or in any order lead to the same', () => {
    const entry = fc.oneof(
      fc.record({ session: fc.constantFrom('a', 'b', 'c'), at: fc.constant(NOW_SECONDS) }),
      fc.record({
        subject: fc.constantFrom('u', 'v'),
        epoch: fc.nat(5),
        at: fc.constant(NOW_SECONDS),
      }),
    )
    return fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 12 }), fc.integer(), async (entries, seed) => {
        const shuffled = [...entries, ...entries.slice(0, seed % 7)].sort(
          (a, b) => hash(JSON.stringify(a), seed) - hash(JSON.stringify(b), seed),
        )
        const outcomes = []
        for (const order of [entries, shuffled]) {
          feed.entries = order
          const verifier = follow({ follow: 'poll' })
          const tokens = ['a', 'b', 'd'].flatMap((sid) =>
            ['u', 'v', 'w'].flatMap((sub) => [0, 2, 5].map((epoch) => ({ sid, sub, epoch }))),
          )
          outcomes.push(
            await Promise.all(tokens.map((claims) => outcome(verifier, issuer.sign(claims)))),
          )
        }
        assert.deepEqual(outcomes[0], outcomes[1])
      }),
      { numRuns: 20 },
    )
  })
})

function hash(text: string, seed: number): number {
  let value = seed | 0
  for (const character of text) value = (Math.imul(value, 31) + character.charCodeAt(0)) | 0
  return value
}

async function grownStale(changes: Partial<RevocationOptions>): Promise<Verifier> {
  const verifier = follow({ follow: 'poll', staleAfterSeconds: 10, ...changes })
  await verifier.ready()
  feed.status = 503
  now += 10_000
  return verifier
}

describe('when the feed is stale', () => {
  test('"refuse" refuses, beyond the bound and not before', async () => {
    const verifier = await grownStale({ onStale: 'refuse' })
    assert.equal(await outcome(verifier, issuer.sign()), 'accepted')
    now += 1
    assert.equal(await outcome(verifier, issuer.sign()), 'revocations_unavailable')
    assert.equal(verifier.status().revocations?.state, 'stale')
    assert.match(verifier.status().revocations?.problem ?? '', /answered 503/)
    feed.status = 200
    now += 60_000
    await outcome(verifier, issuer.sign())
    await until(() => verifier.status().revocations?.state === 'current')
    assert.equal(await outcome(verifier, issuer.sign()), 'accepted')
  })

  test('"accept-until-expiry" goes by what was known last', async () => {
    feed.revoke(session('session-1'))
    const verifier = await grownStale({ onStale: 'accept-until-expiry' })
    now += 60_000
    assert.equal(await outcome(verifier, issuer.sign({ sid: 'other' })), 'accepted')
    assert.equal(await outcome(verifier, issuer.sign()), 'revoked')
    assert.equal(await outcome(verifier, issuer.sign({ sid: 'o', exp: NOW_SECONDS })), 'expired')
  })

  test('a stream goes stale too when its pages stop', async () => {
    const verifier = follow({ staleAfterSeconds: 10 })
    await verifier.ready()
    await until(() => feed.streams === 1)
    now += 10_001
    assert.equal(await outcome(verifier, issuer.sign()), 'revocations_unavailable')
    feed.beat()
    await until(async () => (await outcome(verifier, issuer.sign())) === 'accepted')
  })

  for (const way of ['stream', 'poll'] as const) {
    test(`what was forgotten by a clock that ran ahead is read again, by ${way}`, async () => {
      feed = new FeedServer(issuer, () => NOW_SECONDS * 1000)
      feed.revoke(session('session-1'))
      const verifier = follow({ follow: way })
      await verifier.ready()
      if (way === 'stream') await until(() => feed.streams === 1)
      const token = issuer.sign()
      assert.equal(await outcome(verifier, token), 'revoked')
      now += 3_600_000
      feed.revoke(session('session-2'))
      await verifier.verify(issuer.sign({ exp: NOW_SECONDS + 7200, sid: 'another' }))
      await until(() => verifier.status().revocations?.entries === 0)
      now -= 3_600_000
      assert.equal(await outcome(verifier, token), 'revoked')
      assert.equal(verifier.status().revocations?.entries, 2)
      assert.equal(verifier.status().revocations?.state, 'current')
    })
  }

  test('a page that was being read when all had to be read again makes nothing current', async () => {
    feed = new FeedServer(issuer, () => NOW_SECONDS * 1000)
    feed.revoke(session('session-1'))
    issuer.cacheControl = 'max-age=7200'
    const verifier = follow({ follow: 'stream' }, { maxKeyAgeSeconds: 7200 })
    await verifier.ready()
    await until(() => feed.streams === 1)
    now += 3_600_000
    feed.revoke(session('session-2'))
    await until(() => verifier.status().revocations?.entries === 0)
    const path = '/api/auth/revocations'
    // The key of the next page has to be fetched first, which takes its time.
    const goOn = [hold('/jwks'), hold(path)]
    issuer.keys = [...issuer.keys, createSigningKey('ES256', 'key-2')]
    const asked = [issuer.count('/jwks'), issuer.count(path)] as const
    feed.beat()
    await until(() => issuer.count('/jwks') > asked[0])
    now -= 3_600_000
    const waiting = outcome(verifier, issuer.sign({}, issuer.keys[0]))
    await until(() => issuer.count(path) > asked[1])
    goOn[0]?.()
    const state = () => verifier.status().revocations?.state
    await until(() => problems.length > 0 || state() === 'current')
    assert.equal(state(), 'stale')
    assert.match(problems[0] ?? '', /read anew/)
    const another = issuer.sign({ jti: 'another' }, issuer.keys[0])
    assert.equal(await outcome(verifier, another), 'revocations_unavailable')
    goOn[1]?.()
    assert.equal(await waiting, 'revoked')
  })

  for (const way of ['stream', 'poll'] as const) {
    test(`a clock that is set back keeps nothing current, by ${way}`, async () => {
      feed = new FeedServer(issuer, () => NOW_SECONDS * 1000)
      const verifier = follow({ follow: way, staleAfterSeconds: 10 })
      await verifier.ready()
      if (way === 'stream') await until(() => feed.streams === 1)
      const token = issuer.sign({ iat: NOW_SECONDS - 7200 })
      feed.status = 503
      feed.breakStreams()
      now -= 5_000
      assert.equal(await outcome(verifier, token), 'accepted')
      // An hour's revocations would be missed before the last page looked old.
      now -= 3_595_000
      assert.equal(await outcome(verifier, token), 'revocations_unavailable')
      assert.equal(verifier.status().revocations?.state, 'stale')
    })
  }

  test('is current again as soon as pages come, after its clock and the issuer’s were set back', async () => {
    const verifier = follow({ follow: 'poll' })
    await verifier.ready()
    now -= 3_600_000
    const token = issuer.sign({ iat: NOW_SECONDS - 7200 })
    assert.equal(await outcome(verifier, token), 'accepted')
    assert.equal(verifier.status().revocations?.completeUntil, now)
    feed.status = 503
    now += 31_000
    await verifier.verify(token)
    assert.equal(await outcome(verifier, token), 'revocations_unavailable')
  })

  test('an old page that is sent again makes nothing current', async () => {
    const verifier = follow({ staleAfterSeconds: 10 })
    await verifier.ready()
    await until(() => feed.streams === 1)
    const old = feed.page(feed.cursor)
    now += 10_001
    feed.send(`data: ${old}\n\n`.repeat(3))
    feed.send(`data: ${feed.page(feed.cursor, { entries: [session('marker')] })}\n\n`)
    await until(() => verifier.status().revocations?.entries === 1)
    assert.equal(verifier.status().revocations?.state, 'current')
    now += 10_001
    feed.send(`data: ${old}\n\n`)
    feed.send(`data: ${feed.page(feed.cursor, { iat: NOW_SECONDS, entries: [session('m2')] })}\n\n`)
    await until(() => verifier.status().revocations?.entries === 2)
    assert.equal(verifier.status().revocations?.state, 'stale')
  })

  describe('"introspect"', () => {
    let asked: string[]
    let answer: string
    beforeEach(() => {
      asked = []
      answer = '{"active":true}'
      issuer.answers.set('/api/auth/introspect', (request, response) => {
        let body = ''
        request.on('data', (chunk) => (body += chunk))
        request.on('end', () => {
          asked.push(`${request.method} ${request.headers['content-type']} ${body}`)
          response.end(answer)
        })
      })
    })

    test('asks the issuer about each token (RFC 7662)', async () => {
      const verifier = await grownStale({ onStale: 'introspect' })
      const token = issuer.sign()
      assert.equal(await outcome(verifier, token), 'accepted')
      assert.deepEqual(asked, [])
      now += 1
      assert.equal(await outcome(verifier, token), 'accepted')
      answer = '{"active":false}'
      assert.equal(await outcome(verifier, token), 'revoked')
      const form = `token=${token}&token_type_hint=access_token`
      assert.equal(asked[0], `POST application/x-www-form-urlencoded ${form}`)
      assert.equal(asked.length, 2)
    })

    test('asks once about a token that comes many times at once', async () => {
      const verifier = await grownStale({ onStale: 'introspect' })
      now += 1
      const token = issuer.sign()
      const outcomes = await Promise.all(Array.from({ length: 20 }, () => outcome(verifier, token)))
      assert.deepEqual(new Set(outcomes), new Set(['accepted']))
      assert.equal(asked.length, 1)
    })

    test('asks about a hundred tokens at once at most', async () => {
      const verifier = await grownStale({ onStale: 'introspect' })
      now += 1
      await verifier.verify(issuer.sign())
      const tokens = Array.from({ length: 150 }, (_, n) => issuer.sign({ jti: `token-${n}` }))
      const outcomes = await Promise.all(tokens.map((token) => outcome(verifier, token)))
      assert.equal(outcomes.filter((one) => one === 'accepted').length, 100)
      assert.equal(outcomes.filter((one) => one === 'revocations_unavailable').length, 50)
    })

    test('asks about no token that is refused anyway', async () => {
      const verifier = await grownStale({ onStale: 'introspect' })
      now += 1
      assert.equal(await outcome(verifier, `${issuer.sign()}A`), 'bad_signature')
      assert.deepEqual(asked, [])
    })

    for (const bad of [
      '',
      '{}',
      '{"active":"true"}',
      '{"active":1}',
      '[true]',
      '{"active":true,"active":false}',
    ]) {
      test(`takes ${JSON.stringify(bad)} for no answer`, async () => {
        const verifier = await grownStale({ onStale: 'introspect' })
        now += 1
        answer = bad
        assert.equal(await outcome(verifier, issuer.sign()), 'revocations_unavailable')
      })
    }

    test('refuses when the issuer cannot be asked', async () => {
      const verifier = await grownStale({ onStale: 'introspect' })
      now += 1
      issuer.answers.delete('/api/auth/introspect')
      assert.equal(await outcome(verifier, issuer.sign()), 'revocations_unavailable')
      assert.match(problems.at(-1) ?? '', /introspection at .* answered 404/)
    })

    test('asks where the metadata says', async () => {
      const elsewhere = { introspection_endpoint: `${issuer.url}/elsewhere` }
      issuer.metadata = () => ({ issuer: issuer.url, jwks_uri: `${issuer.url}/jwks`, ...elsewhere })
      issuer.answers.set('/elsewhere', (_, response) => void response.end('{"active":true}'))
      const verifier = await grownStale({ onStale: 'introspect' })
      now += 1
      assert.equal(await outcome(verifier, issuer.sign()), 'accepted')
      assert.deepEqual(asked, [])
    })
  })
})

describe('a page of the feed', () => {
  const stranger = createSigningKey('ES256')
  const refused: [string, () => string, string][] = [
    ['an access token', () => issuer.sign(), 'wrong_type'],
    ['no page at all', () => 'hello', 'malformed'],
    [
      'a page of another issuer',
      () => feed.page(null, { iss: 'https://evil.example' }),
      'wrong_issuer',
    ],
    ['a page of the future', () => feed.page(null, { iat: NOW_SECONDS + 6 }), 'not_yet_valid'],
    ['a page without entries', () => feed.page(null, { entries: undefined }), 'invalid_page'],
    ['an entry that says nothing', () => feed.page(null, { entries: [{ at: 1 }] }), 'invalid_page'],
    ['an entry that is none', () => feed.page(null, { entries: [null] }), 'invalid_page'],
    [
      'an entry of two kinds',
      () => feed.page(null, { entries: [{ ...subject('u', 1), session: 's' }] }),
      'invalid_page',
    ],
    ['a negative epoch', () => feed.page(null, { entries: [subject('u', -1)] }), 'invalid_page'],
    [
      'an entry without time',
      () => feed.page(null, { entries: [{ session: 's' }] }),
      'invalid_page',
    ],
    ['a cursor with a newline', () => feed.page(null, { cursor: 'a\nb' }), 'invalid_page'],
    ['an endless cursor', () => feed.page(null, { cursor: 'a'.repeat(513) }), 'invalid_page'],
    ['no cursor', () => feed.page(null, { cursor: undefined }), 'invalid_page'],
    ['no time', () => feed.page(null, { iat: 'now' }), 'invalid_page'],
    ['no time to keep', () => feed.page(null, { keep: 0 }), 'invalid_page'],
    ['no heartbeat', () => feed.page(null, { heartbeat: -1 }), 'invalid_page'],
    ['more that is no truth value', () => feed.page(null, { more: 'false' }), 'invalid_page'],
    [
      'a page that somebody else signed',
      () =>
        signToken(stranger, {}, { alg: 'ES256', typ: 'countersign-revocations+jwt', kid: 'key-1' }),
      'bad_signature',
    ],
    ['a page that was changed', () => feed.page(null).replace('.e', '.f'), 'bad_signature'],
    [
      'a page with a critical header',
      () =>
        signToken(
          stranger,
          {},
          { typ: 'countersign-revocations+jwt', crit: [], kid: 'key-1', alg: 'ES256' },
        ),
      'unsupported_header',
    ],
  ]
  for (const [what, page, reason] of refused) {
    test(`is refused: ${what}`, async () => {
      issuer.answers.set('/api/auth/revocations', (_, response) => void response.end(page()))
      const verifier = follow({ follow: 'poll' })
      await assert.rejects(verifier.ready(), new RegExp(`refused: ${reason}`))
      assert.equal(await outcome(verifier, issuer.sign()), 'revocations_unavailable')
    })
  }

  test('that promises more and does not move is not asked for again and again', async () => {
    feed.tampering = { more: true, cursor: 'c.0' }
    const verifier = follow({ follow: 'poll' })
    await assert.rejects(verifier.ready(), /does not go on/)
    assert.deepEqual(feed.asked, ['page null', 'page c.0'])
  })

  test('that begins anew again and again is not followed for ever', async () => {
    let asked = 0
    issuer.answers.set('/api/auth/revocations', (_request, response) => {
      asked++
      if (asked > 20) response.writeHead(500)
      response.end(feed.page(null, { more: true, cursor: `c.${asked}` }))
    })
    const verifier = follow({ follow: 'poll' })
    await assert.rejects(verifier.ready(), /begins again/)
    assert.equal(asked, 3)
  })

  test('passes for no access token', async () => {
    const verifier = follow()
    assert.equal(await outcome(verifier, feed.page(null)), 'wrong_type')
  })

  test('signed by a key after an emergency takes the old keys with it', async () => {
    const verifier = follow()
    const token = issuer.sign()
    assert.equal(await outcome(verifier, token), 'accepted')
    await until(() => feed.streams === 1)
    issuer.keys = [createSigningKey('ES256', 'key-2')]
    now += 5000
    feed.beat()
    await until(async () => (await outcome(verifier, token)) === 'unknown_key')
    assert.deepEqual(problems, [])
  })

  test('is not had without the credential, and the secret stays out of the message', async () => {
    const verifier = follow({ credential: { id: 'billing', secret: 'another secret' } })
    await assert.rejects(verifier.ready(), /revocation feed at .* answered 401/)
    assert.doesNotMatch(problems.join(), /another/)
  })

  test('is not fetched from elsewhere', async () => {
    issuer.answers.set('/api/auth/revocations', (_, response) => {
      response.writeHead(307, { location: '/elsewhere' }).end()
    })
    const verifier = follow()
    await assert.rejects(verifier.ready(), /redirects elsewhere/)
    assert.equal(issuer.count('/elsewhere'), 0)
  })
})

describe('closing', () => {
  test('ends the stream and asks no more', async () => {
    const verifier = follow()
    await verifier.ready()
    await until(() => feed.streams === 1)
    verifier.close()
    await until(() => feed.streams === 0)
    const { length } = feed.asked
    assert.equal(await outcome(verifier, issuer.sign()), 'accepted')
    now += 31_000
    assert.equal(await outcome(verifier, issuer.sign()), 'revocations_unavailable')
    assert.equal(feed.asked.length, length)
    assert.deepEqual(problems, [])
  })
})

describe('options of the feed', () => {
  const refused: [string, object, RegExp][] = [
    ['no onStale', { onStale: undefined }, /"revocations.onStale" to one of refuse, introspect/],
    ['an unknown onStale', { onStale: 'accept' }, /"revocations.onStale"/],
    ['no credential', { credential: undefined }, /"revocations.credential"/],
    ['an empty secret', { credential: { id: 'a', secret: '' } }, /"revocations.credential"/],
    ['an unknown way', { follow: 'push' }, /"revocations.follow"/],
    ['an address over http', { url: 'http://a.example/feed' }, /"revocations.url"/],
    ['another over http', { introspectionUrl: 'http://a.example' }, /introspectionUrl/],
    ['an endless bound', { staleAfterSeconds: Infinity }, /"revocations.staleAfterSeconds"/],
    ['no time between polls', { pollSeconds: 0 }, /"revocations.pollSeconds"/],
  ]
  for (const [what, changes, mend] of refused) {
    test(`with ${what} stop the start, and say how to mend it`, () => {
      assert.throws(() => follow(changes), { name: 'TypeError', message: mend })
    })
  }
})
