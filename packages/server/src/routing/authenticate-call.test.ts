import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AccessClaims, LocalVerifier } from '@countersign/verify'
import { createTestAccount } from '../accounts/account.fixture.ts'
import type { Account } from '../accounts/account.ts'
import { StoreUnavailableError } from '../foundation/store-failure.ts'
import { RequestContext } from '../http/request-context.ts'
import { createSource } from '../http/source.fixture.ts'
import { createTokenCheck } from '../tokens/look-up-key.ts'
import { createAuthenticateCall, createBearerProof, readBearer } from './authenticate-call.ts'

const account = createTestAccount({ tokenEpoch: 5 })
const claims: AccessClaims = {
  iss: 'i',
  sub: account.id,
  aud: 'a',
  exp: 2,
  iat: 1,
  jti: 'j',
  client_id: 'c',
  sid: 'session-1',
  epoch: 5,
}

const knowsNoMore = async (): Promise<boolean> => false
const knowsAll = { catchUp: () => undefined }
const noServices = (): never => assert.fail('asked for a service')

/** The verifier accepts the token `good` and says that it holds these claims. */
function proofOf(stored: Account | undefined, verified: Partial<AccessClaims> = claims) {
  const verifier: LocalVerifier = {
    verify: (token) =>
      token === 'good'
        ? { ok: true, claims: verified as AccessClaims }
        : { ok: false, reason: 'malformed' },
  }
  return createBearerProof(
    createTokenCheck(verifier, knowsNoMore),
    { findAccount: async () => stored },
    knowsAll,
  )
}

const contextOf = (headers: Record<string, string>): RequestContext =>
  new RequestContext('request-1', createSource({ headers }), '203.0.113.9', 0)

describe('the credential of a call', () => {
  test('is what follows Bearer, in any case and after any number of spaces', () => {
    for (const header of ['Bearer abc', 'bearer abc', 'BEARER abc', 'Bearer   abc']) {
      assert.equal(readBearer(header), 'abc', header)
    }
    assert.equal(readBearer('Bearer a'), 'a')
  })

  test('is nothing else', () => {
    for (const header of [
      undefined,
      '',
      'abc',
      'Bearer',
      'Bearer ',
      'Bearer      ',
      'Bearerabc',
      'Basic abc',
      'Token abcdef',
      'Bearer\tabc',
      ' Bearer abc',
      'DPoP abcdefg',
    ]) {
      assert.equal(readBearer(header), undefined, `${header}`)
    }
  })

  test('stays whole: whether it is a token is not decided here', () => {
    assert.equal(readBearer('Bearer a b'), 'a b')
    assert.equal(readBearer('Bearer a, Bearer b'), 'a, Bearer b')
  })
})

describe('proving a bearer', () => {
  test('gives the account as it is now, and the session of the token', async () => {
    const proof = await proofOf({ ...account, role: 'admin' })('Bearer good')
    assert.ok(proof.ok)
    assert.equal(proof.principal.account.role, 'admin')
    assert.equal(proof.principal.sessionId, 'session-1')
    assert.equal(proof.claims, claims)
  })

  test('fails without a token, with a bad one, and for an account that may not act', async () => {
    const invalid = { ok: false, problem: 'invalid_token' }
    assert.deepEqual(await proofOf(account)(undefined), { ok: false, problem: 'no_token' })
    assert.deepEqual(await proofOf(account)('Basic good'), { ok: false, problem: 'no_token' })
    assert.deepEqual(await proofOf(account)('Bearer bad'), invalid)
    assert.deepEqual(await proofOf(undefined)('Bearer good'), invalid)
    assert.deepEqual(await proofOf({ ...account, disabled: true })('Bearer good'), invalid)
    assert.deepEqual(await proofOf({ ...account, tokenEpoch: 6 })('Bearer good'), invalid)
    assert.equal((await proofOf({ ...account, tokenEpoch: 4 })('Bearer good')).ok, true)
  })

  test('fails for a token without a session or an epoch, which is none of ours', async () => {
    const { sid: _sid, ...withoutSession } = claims
    const { epoch: _epoch, ...withoutEpoch } = claims
    for (const each of [withoutSession, withoutEpoch]) {
      assert.equal((await proofOf(account, each)('Bearer good')).ok, false)
    }
  })

  test('takes a log-in of which the token does not say when it was for one of long ago', async () => {
    for (const [authTime, authenticatedAt] of [
      [{ auth_time: 1_800_000_000 }, 1_800_000_000_000],
      [{ auth_time: '1800000000' }, 0],
      [{ auth_time: null }, 0],
      [{}, 0],
    ] as const) {
      const proof = await proofOf(account, { ...claims, ...authTime })('Bearer good')
      assert.equal(proof.ok && proof.principal.authenticatedAt, authenticatedAt)
    }
  })

  test('rejects when the account cannot be read', async () => {
    const failure = new StoreUnavailableError('locked', 'locked')
    const verifier: LocalVerifier = { verify: () => ({ ok: true, claims }) }
    const accounts = { findAccount: () => Promise.reject(failure) }
    const prove = createBearerProof(createTokenCheck(verifier, knowsNoMore), accounts, knowsAll)
    await assert.rejects(prove('Bearer good'), failure)
  })

  // An instance that stood still let in whoever had logged out meanwhile, until its next poll was answered.
  test('waits for what was revoked while this process stood still', async () => {
    let isRevoked = false
    const verifier: LocalVerifier = {
      verify: () => (isRevoked ? { ok: false, reason: 'revoked' } : { ok: true, claims }),
    }
    const follower = { catchUp: async () => void (isRevoked = true) }
    const accounts = { findAccount: async () => account }
    const prove = createBearerProof(createTokenCheck(verifier, knowsNoMore), accounts, follower)
    assert.deepEqual(await prove('Bearer good'), { ok: false, problem: 'invalid_token' })
  })

  test('rejects when what was revoked cannot be read', async () => {
    const failure = new StoreUnavailableError('busy', 'busy')
    const verifier: LocalVerifier = { verify: () => ({ ok: true, claims }) }
    const follower = { catchUp: () => Promise.reject(failure) }
    const accounts = { findAccount: async () => account }
    const prove = createBearerProof(createTokenCheck(verifier, knowsNoMore), accounts, follower)
    await assert.rejects(prove('Bearer good'), failure)
  })
})

describe('authenticating a call', () => {
  test('asks for nothing where anyone may call', async () => {
    const authenticate = createAuthenticateCall(() => assert.fail('asked'), noServices)
    assert.deepEqual(await authenticate('anyone', contextOf({ authorization: 'Bearer good' })), {})
  })

  test('takes the Authorization header and nothing else that looks like a token', async () => {
    const authenticate = createAuthenticateCall(proofOf(account), noServices)
    const good = await authenticate('bearer', contextOf({ authorization: 'Bearer good' }))
    assert.equal(good.principal?.account.id, account.id)
    for (const header of ['x-access-token', 'cookie', 'proxy-authorization', 'token']) {
      const other = await authenticate({ role: 'admin' }, contextOf({ [header]: 'Bearer good' }))
      assert.deepEqual(other, { problem: { problem: 'no_token' } })
    }
    const bad = await authenticate('bearer', contextOf({ authorization: 'Bearer bad' }))
    assert.deepEqual(bad, { problem: { problem: 'invalid_token' } })
  })
})
