import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createTestAccount } from '../accounts/account.fixture.ts'
import { createTestClock, createTestRandomness } from '../foundation/deterministic.fixture.ts'
import type { KeyringOptions } from '../keys/keyring.ts'
import { LiveRevocations } from '../revocation/live-revocations.ts'
import { createAccessTokenVerifier, tokensRemembered } from './check-access-token.ts'
import { createAccessTokenIssuer } from './issue-access-token.ts'
import { openTestKeyring, testIssuer } from './issuer.fixture.ts'

const minute = 60_000
const account = createTestAccount({ tokenEpoch: 5 })

async function setUp(keys: Partial<KeyringOptions> = {}) {
  const clock = createTestClock()
  const keyring = await openTestKeyring({ clock, ...keys })
  const parts = { keyring, issuer: testIssuer, audience: testIssuer, clock }
  const revocations = new LiveRevocations(clock, 1_020_000)
  const verifier = createAccessTokenVerifier({ ...parts, revocations })
  const issuer = createAccessTokenIssuer({
    ...parts,
    clientId: 'first-party',
    accessTokenTtlSeconds: 900,
    tutorialClaims: false,
    randomness: createTestRandomness(),
  })
  const issue = async (): Promise<string> => {
    const session = {
      id: 'session-1',
      amr: ['pwd'],
      authenticatedAt: clock(),
      expiresAt: clock() + 90 * 86_400_000,
    }
    return (await issuer.issue({ account, session })).token
  }
  const outcome = (token: string): string => {
    const verification = verifier.verify(token)
    return verification.ok ? 'accepted' : verification.reason
  }
  return { clock, keyring, revocations, issue, verifier, outcome }
}

describe('our own access token', () => {
  test('is accepted until the second in which it expires', async () => {
    const { clock, issue, outcome } = await setUp()
    const token = await issue()
    assert.equal(outcome(token), 'accepted')
    clock.advance(900_000 - 1)
    assert.equal(outcome(token), 'accepted')
    clock.advance(1)
    assert.equal(outcome(token), 'expired')
  })

  test('is refused from the moment that its session ends, also when it was accepted before', async () => {
    const { clock, revocations, issue, outcome } = await setUp()
    const token = await issue()
    assert.equal(outcome(token), 'accepted')
    revocations.note({ kind: 'session', sessionId: 'session-1', at: clock() })
    assert.equal(outcome(token), 'revoked')
  })

  test('is refused from the moment that its epoch is over', async () => {
    const { clock, revocations, issue, outcome } = await setUp()
    const token = await issue()
    revocations.note({ kind: 'subject', subject: account.id, epoch: 5, at: clock() })
    assert.equal(outcome(token), 'accepted')
    revocations.note({ kind: 'subject', subject: account.id, epoch: 6, at: clock() })
    assert.equal(outcome(token), 'revoked')
  })

  test('stays good over a rotation until it expires', async () => {
    const { clock, keyring, issue, outcome } = await setUp()
    clock.advance(30 * 86_400_000 - 10 * minute)
    await keyring.maintain()
    clock.advance(10 * minute - 1)
    const token = await issue()
    clock.advance(1)
    await keyring.maintain()
    assert.notEqual(keyring.signingKey().kid, undefined)
    for (let waited = 0; waited < 14; waited++) {
      clock.advance(minute)
      await keyring.maintain()
      assert.equal(outcome(token), 'accepted')
    }
    clock.advance(minute)
    assert.equal(outcome(token), 'expired')
  })

  test('is dead as soon as its key is rotated away after a leak, and the next one is good', async () => {
    const { keyring, issue, outcome } = await setUp()
    const token = await issue()
    assert.equal(outcome(token), 'accepted')
    await keyring.rotate({ now: true })
    assert.equal(outcome(token), 'unknown_key')
    assert.equal(outcome(await issue()), 'accepted')
  })

  test('is refused for another issuer, audience or keyring', async () => {
    const [one, other] = [await setUp(), await setUp()]
    assert.equal(other.outcome(await one.issue()), 'unknown_key')
    const revocations = new LiveRevocations(one.clock, 1)
    for (const [issuer, audience, reason] of [
      ['https://other.example.com', testIssuer, 'wrong_issuer'],
      [testIssuer, 'https://api.example.com', 'wrong_audience'],
    ] as const) {
      const parts = { keyring: one.keyring, clock: one.clock, revocations }
      const verification = createAccessTokenVerifier({ ...parts, issuer, audience }).verify(
        await one.issue(),
      )
      assert.equal(!verification.ok && verification.reason, reason)
    }
  })

  test('without a session or an epoch is none of ours, whoever signed it', async () => {
    const { keyring, clock, outcome } = await setUp()
    const issuer = createAccessTokenIssuer({
      keyring,
      issuer: testIssuer,
      audience: testIssuer,
      clientId: 'first-party',
      accessTokenTtlSeconds: 900,
      tutorialClaims: false,
      randomness: createTestRandomness(),
      clock,
    })
    const session = {
      id: '',
      amr: ['pwd'],
      authenticatedAt: clock(),
      expiresAt: clock() + 90 * 86_400_000,
    }
    assert.equal(outcome((await issuer.issue({ account, session })).token), 'invalid_claims')
    const broken = { ...account, tokenEpoch: Number.NaN }
    const good = { ...session, id: 's' }
    const { token } = await issuer.issue({ account: broken, session: good })
    assert.equal(outcome(token), 'invalid_claims')
  })

  test('is remembered whole, as many as are in use by a hundred thousand users, less on a small heap', () => {
    assert.equal(tokensRemembered(4 * 2 ** 30), 131_072)
    const smallHeap = 128 * 2 ** 20
    const few = tokensRemembered(smallHeap)
    assert.ok(few > 5_000, `${few}`)
    // Tokens of the usual length take no more than a sixteenth.
    assert.ok(few * 1_200 <= smallHeap / 16, `${few}`)
  })

  test('is answered by what is remembered of it also when 10,000 others are in use', async () => {
    const { issue, verifier } = await setUp()
    for (let count = 0; count < 10_000; count++) verifier.verify(await issue())
    const token = await issue()
    const answer = verifier.verify(token)
    assert.equal(answer.ok, true)
    assert.equal(verifier.verify(token), answer)
  })
})
