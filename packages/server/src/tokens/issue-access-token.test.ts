import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createLocalVerifier } from '@countersign/verify'
import { createLocalJWKSet, jwtVerify } from 'jose'
import jsonwebtoken from 'jsonwebtoken'
import { createTestAccount } from '../accounts/account.fixture.ts'
import {
  createTestClock,
  createTestRandomness,
  testStart,
} from '../foundation/deterministic.fixture.ts'
import { toProfile } from '../accounts/profile.ts'
import type { Keyring, KeyringOptions } from '../keys/keyring.ts'
import {
  type AccessTokenIssuerOptions,
  type ClaimsHook,
  createAccessTokenIssuer,
  reservedClaims,
} from './issue-access-token.ts'
import { openTestKeyring, readClaims, readHeader, testIssuer } from './issuer.fixture.ts'

const now = testStart / 1000
const account = createTestAccount({ role: 'editor', tokenEpoch: 5, email: 'ada@example.org' })
const session = {
  id: 'session-1',
  amr: ['pwd'],
  authenticatedAt: testStart,
  expiresAt: testStart + 90 * 86_400_000,
}
const jwtSecret = 'Vb3nq0TjYf1xLw9sKzR7uEhD5mGaPcQ2'

async function setUp(
  changes: Partial<AccessTokenIssuerOptions> = {},
  keys: Partial<KeyringOptions> = {},
) {
  const clock = createTestClock()
  const keyring: Keyring = await openTestKeyring({ clock, ...keys })
  const issuer = createAccessTokenIssuer({
    keyring,
    issuer: testIssuer,
    audience: 'api',
    clientId: 'first-party',
    accessTokenTtlSeconds: 900,
    tutorialClaims: false,
    clock,
    randomness: createTestRandomness(),
    ...changes,
  })
  const issue = async (of = session) => issuer.issue({ account, session: of })
  return { clock, keyring, issue }
}

function withClaims(claims: ClaimsHook) {
  return setUp({ claims })
}

const forged = () => ({ sub: 'admin', roles: ['admin'] })

describe('an access token', () => {
  test('holds what RFC 9068 asks for, session, epoch and roles, and nothing personal', async () => {
    const { issue, keyring } = await setUp()
    const { token, expiresIn } = await issue()
    const { kid } = keyring.signingKey()
    assert.deepEqual(readHeader(token), { alg: 'ES256', typ: 'at+jwt', kid })
    const { jti, ...claims } = readClaims(token)
    assert.deepEqual(claims, {
      iss: testIssuer,
      sub: account.id,
      aud: 'api',
      exp: now + 900,
      iat: now,
      client_id: 'first-party',
      sid: 'session-1',
      epoch: 5,
      roles: ['editor'],
      acr: 'sfa',
      amr: ['pwd'],
      auth_time: testStart / 1000,
    })
    assert.match(String(jti), /^[\w-]{22}$/)
    assert.equal(expiresIn, 900)
  })

  test('has a name of its own each time', async () => {
    const { issue } = await setUp()
    const names = await Promise.all(Array.from({ length: 50 }, issue))
    assert.equal(new Set(names.map(({ token }) => readClaims(token)['jti'])).size, 50)
  })

  test('never outlives its session, and is over at once when that is', async () => {
    const { issue, clock } = await setUp()
    const ending = await issue({ ...session, id: 's', expiresAt: testStart + 60_999 })
    assert.deepEqual([ending.expiresIn, readClaims(ending.token)['exp']], [60, now + 60])
    clock.advance(120_000)
    const over = await issue({ ...session, id: 's', expiresAt: testStart + 60_999 })
    assert.deepEqual([over.expiresIn, readClaims(over.token)['exp']], [0, now + 60])
  })

  test('carries the tutorial’s claims where a service reads them', async () => {
    const { issue } = await setUp({ tutorialClaims: true })
    const { userId, username, role } = readClaims((await issue()).token)
    assert.deepEqual([userId, username, role], [account.id, 'ada', 'editor'])
  })

  for (const algorithm of ['ES256', 'EdDSA', 'RS256', 'PS256'] as const) {
    test(`of ${algorithm} is accepted by jose and by our own verifier`, async () => {
      const { issue, keyring, clock } = await setUp({}, { algorithm })
      const { token } = await issue()
      const { payload, protectedHeader } = await jwtVerify(
        token,
        createLocalJWKSet({ keys: [...keyring.jwks().body.keys] }),
        { issuer: testIssuer, audience: 'api', typ: 'at+jwt', currentDate: new Date(clock()) },
      )
      assert.deepEqual([protectedHeader.alg, payload.sub], [algorithm, account.id])
      const findKey = (kid: string) => keyring.findKey(kid)
      const verifier = createLocalVerifier({ issuer: testIssuer, audience: 'api', findKey, clock })
      assert.equal(verifier.verify(token).ok, true)
    })
  }

  test('with a shared secret is what jsonwebtoken verifies with that text', async () => {
    const { issue } = await setUp({ tutorialClaims: true }, { jwtSecret })
    const { token } = await issue()
    const clockTimestamp = now
    const claims = jsonwebtoken.verify(token, jwtSecret, { algorithms: ['HS256'], clockTimestamp })
    assert.equal(typeof claims === 'object' && claims['userId'], account.id)
    assert.throws(() => jsonwebtoken.verify(token, `${jwtSecret}x`, { clockTimestamp }))
  })

  test('is signed by the key of the moment', async () => {
    const { issue, keyring, clock } = await setUp()
    const first = readHeader((await issue()).token)['kid']
    await keyring.rotate({ now: true })
    assert.notEqual(readHeader((await issue()).token)['kid'], first)
    clock.advance(1)
    assert.equal(readHeader((await issue()).token)['kid'], keyring.signingKey().kid)
  })
})

describe('the host’s claims', () => {
  test('stand beside ours, and the hook is told for whom', async () => {
    let told: unknown
    const { issue } = await withClaims((subject) => {
      told = subject
      return { tenant: 't1', plan: { name: 'pro' }, nothing: undefined }
    })
    const claims = readClaims((await issue()).token)
    assert.deepEqual([claims['tenant'], claims['plan']], ['t1', { name: 'pro' }])
    assert.equal('nothing' in claims, false)
    // The profile, and not the row: a hook has no business with a hash.
    assert.deepEqual(told, { account: toProfile(account), session: { id: session.id } })
    const { issue: later } = await withClaims(async () => ({ tenant: 't2' }))
    assert.equal(readClaims((await later()).token)['tenant'], 't2')
  })

  test('may not take a name that is ours or that grants something', async () => {
    const names = [
      'sub',
      'exp',
      'aud',
      'roles',
      'epoch',
      'sid',
      'scope',
      'cnf',
      'act',
      'nbf',
      'role',
    ]
    for (const name of names) assert.ok(reservedClaims.has(name), name)
    for (const name of reservedClaims) {
      const { issue } = await withClaims(() =>
        Object.defineProperty({}, name, { value: 'x', enumerable: true }),
      )
      await assert.rejects(issue(), new RegExp(`returned "${name}", which is reserved`), name)
    }
  })

  test('may not replace the whole token by how they turn themselves into JSON', async () => {
    for (const claims of [
      { tenant: 't1', toJSON: forged },
      Object.defineProperty({}, 'toJSON', { value: forged, enumerable: true }),
    ]) {
      const { issue } = await withClaims(() => claims)
      await assert.rejects(issue(), /"toJSON", which is reserved/)
    }
  })

  test('are a plain object or nothing is signed', async () => {
    class Row {
      readonly tenant = 't1'
    }
    const others: unknown[] = [undefined, null, 'x', 7, true, [], [['a', 1]], new Map(), new Date()]
    for (const claims of [...others, new Row(), () => ({})]) {
      const { issue } = await withClaims((() => claims) as unknown as ClaimsHook)
      await assert.rejects(issue(), /must return a plain object/, String(claims))
    }
    const bare: Record<string, unknown> = Object.assign(Object.create(null), { tenant: 't1' })
    const { issue } = await withClaims(() => bare)
    assert.equal(readClaims((await issue()).token)['tenant'], 't1')
  })

  test('may not make the token longer than verifiers read', async () => {
    const { issue } = await withClaims(() => ({ long: 'x'.repeat(8_000) }))
    await assert.rejects(issue(), /makes tokens of \d+ characters; 8,192 is the limit/)
  })

  test('may make it exactly as long as verifiers read', async () => {
    let length = 5_000
    const { issue, keyring, clock } = await withClaims(() => ({ long: 'x'.repeat(length) }))
    length += Math.floor(((8_192 - (await issue()).token.length) * 3) / 4) - 2
    let longest = ''
    for (;;) {
      const token = await issue().then(
        (issued) => issued.token,
        () => undefined,
      )
      if (token === undefined) break
      longest = token
      length++
    }
    assert.equal(longest.length, 8_192)
    const findKey = (kid: string) => keyring.findKey(kid)
    const verifier = createLocalVerifier({ issuer: testIssuer, audience: 'api', findKey, clock })
    assert.equal(verifier.verify(longest).ok, true)
  })

  test('may not make a token that no verifier reads', async () => {
    const deep = (levels: number): unknown => (levels === 0 ? 1 : { inner: deep(levels - 1) })
    const refused: [Record<string, unknown>, RegExp][] = [
      [{ name: 'half \ud83d' }, /lone_surrogate/],
      [{ names: [{ '\udc00': 1 }] }, /lone_surrogate/],
      [{ profile: JSON.parse('{"__proto__":{"admin":true}}') }, /forbidden_member/],
      [{ profile: deep(32) }, /too_deep/],
    ]
    for (const [claims, reason] of refused) {
      const { issue } = await withClaims(() => claims)
      await assert.rejects(issue(), reason)
    }
    const { issue, keyring, clock } = await withClaims(() => ({ name: '🙂 \\ud83d', d: deep(31) }))
    const findKey = (kid: string) => keyring.findKey(kid)
    const verifier = createLocalVerifier({ issuer: testIssuer, audience: 'api', findKey, clock })
    assert.equal(verifier.verify((await issue()).token).ok, true)
  })

  test('are read once: what they say then is what is checked', async () => {
    let reads = 0
    const { issue } = await withClaims(() => ({
      get tenant() {
        return reads++ === 0 ? 't1' : '\ud800'
      },
    }))
    assert.equal(readClaims((await issue()).token)['tenant'], 't1')
  })

  test('that fail, fail the token', async () => {
    for (const claims of [
      () => {
        throw new Error('the hook failed')
      },
      () => Promise.reject(new Error('the hook failed')),
      () => ({ big: 1n }),
    ]) {
      const { issue } = await withClaims(claims)
      await assert.rejects(issue())
    }
  })

  test('that never come are waited for five seconds', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { issue } = await withClaims(() => new Promise(() => undefined))
    let isRefused = false
    const issued = issue().catch((error: unknown) => {
      isRefused = true
      return error
    })
    t.mock.timers.tick(4_999)
    await new Promise(setImmediate)
    assert.equal(isRefused, false)
    t.mock.timers.tick(1)
    assert.match(String(await issued), /The claims hook took longer than 5 seconds/)
  })
})
