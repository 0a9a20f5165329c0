import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { createTestAccount } from '../accounts/account.fixture.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { Factor } from '../factors/factor.ts'
import { createDeviceCookies } from '../credentials/device-cookie.ts'
import { createTestClock, createTestRandomness } from '../foundation/deterministic.fixture.ts'
import { createIdSource } from '../foundation/ids.ts'
import { createMasterSecrets } from '../foundation/master-secret.ts'
import type { Answer } from '../http/reply.ts'
import { RequestContext } from '../http/request-context.ts'
import { createSource } from '../http/source.fixture.ts'
import { createTickets } from '../one-time/tickets.ts'
import { createTestSession, testLives } from '../sessions/session.fixture.ts'
import { openMemoryStore } from '../stores/memory-store.fixture.ts'
import { createSignInCompletion, type PendingSignIn, type ProvenSignIn } from './finish-sign-in.ts'

const audit: AuditLog = { record: async () => undefined }

async function setUp(t: TestContext, needsSecondFactor = (_role: string): boolean => false) {
  const clock = createTestClock()
  const randomness = createTestRandomness()
  const newId = createIdSource(clock, randomness)
  const store = await openMemoryStore(t, clock)
  const secrets = createMasterSecrets(['a-secret-that-is-long-enough-for-tests'])
  const account = createTestAccount()
  await store.insertAccount(account, 'ada')
  const parts = { secrets, store, newId, randomness, clock }
  const completion = createSignInCompletion({
    accounts: store,
    factors: store,
    sessions: store,
    revoking: store,
    credentials: {
      secrets,
      clock,
      lives: testLives,
      cookie: { name: 'refreshToken', secure: false },
      issuer: { issue: async () => ({ token: 'token', expiresIn: 900 }) },
    },
    devices: createDeviceCookies({ ...parts, cookie: { name: 'device', secure: false } }),
    pending: createTickets<PendingSignIn>(parts, 'pending-sign-in', 600_000),
    needsSecondFactor,
    sendsMail: true,
    isNewDevice: async () => false,
    audit,
    newId,
    randomness,
  })
  const context = () => new RequestContext('r', createSource(), '203.0.113.9', clock())
  const addFactor = async (facts: Partial<Factor> = {}) => {
    const rest = { name: '', externalId: null, secret: '', counter: 0, lastUsedAt: null }
    const id = newId()
    const own = { id, userId: account.id, kind: 'totp' as const, epoch: 0, createdAt: clock() }
    await store.insertFactor({ ...own, ...rest, ...facts })
  }
  const begin = (changes: Partial<ProvenSignIn> = {}) => {
    const proven: ProvenSignIn = { account, proofs: ['password'], delivery: 'body', ...changes }
    return completion.finish(proven, context())
  }
  const advance = async (mfaToken: string) => {
    const resumed = await completion.resume(mfaToken)
    return resumed && completion.advance(resumed, 'totp', context())
  }
  const live = () =>
    store.listLiveSessions({ userId: account.id, sessionEpoch: 0, usedAfter: 0, createdAfter: 0 })
  return { clock, store, account, completion, addFactor, begin, advance, live }
}

function problemOf(answer: Answer | undefined): string {
  assert.ok(answer && 'problem' in answer, JSON.stringify(answer))
  return answer.problem
}

function mfaTokenOf(answer: Answer): string {
  assert.equal(problemOf(answer), 'mfa_required')
  return String('problem' in answer && answer.members?.['mfaToken'])
}

describe('finishing a log-in', () => {
  test('leaves an account a thousand sessions, and ends the oldest beyond', async (t) => {
    const { store, account, begin, live, clock } = await setUp(t)
    const ids: string[] = []
    for (let count = 0; count < 1_000; count++) {
      clock.advance(1)
      const session = createTestSession({ id: `0-${1_000 + count}`, userId: account.id })
      ids.push(session.id)
      await store.insertSession({ ...session, createdAt: clock(), lastUsedAt: clock() })
    }
    await begin()
    await begin()
    const alive = (await live()).map(({ id }) => id)
    assert.equal(alive.length, 1_000)
    assert.deepEqual(
      ids.filter((id) => !alive.includes(id)),
      ['0-1000', '0-1001'],
    )
    assert.equal((await store.findSessionWithAccount('0-1000'))?.session.endReason, 'crowded_out')
  })

  test('starts a session that says how and when', async (t) => {
    const { begin, live, clock } = await setUp(t)
    assert.ok('body' in (await begin()))
    const [session] = await live()
    assert.deepEqual([session?.amr, session?.authenticatedAt], [['pwd'], clock()])
  })

  test('with a second factor starts none, and says what is missing', async (t) => {
    const { begin, live, addFactor, advance } = await setUp(t)
    await addFactor()
    const answer = await begin()
    assert.deepEqual('problem' in answer && answer.members?.['factors'], ['totp'])
    assert.deepEqual(await live(), [])
    assert.ok('body' in ((await advance(mfaTokenOf(answer))) ?? assert.fail()))
    assert.deepEqual((await live())[0]?.amr, ['pwd', 'otp', 'mfa'])
  })

  test('gives one session for one mfaToken, however many bring it', async (t) => {
    const { begin, live, addFactor, advance } = await setUp(t)
    await addFactor()
    const mfaToken = mfaTokenOf(await begin())
    const answers = await Promise.all(Array.from({ length: 10 }, () => advance(mfaToken)))
    const refused = answers.filter((answer) => answer && 'problem' in answer)
    assert.equal(refused.length, 9)
    assert.equal(problemOf(refused[0]), 'invalid_mfa_token')
    assert.equal((await live()).length, 1)
  })

  test('is over when the password changes, the account is disabled, or ten minutes pass', async (t) => {
    const { begin, addFactor, completion, store, account, clock } = await setUp(t)
    await addFactor()
    const old = mfaTokenOf(await begin())
    clock.advance(600_000)
    assert.equal(await completion.resume(old), undefined)
    const mfaToken = mfaTokenOf(await begin())
    assert.ok(await completion.resume(mfaToken))
    await store.changeStanding(account.id, { disabled: true }, clock())
    assert.equal(await completion.resume(mfaToken), undefined)
    await store.changeStanding(account.id, { disabled: false }, clock())
    assert.equal(await completion.resume(mfaToken), undefined)
    await store.changePassword(account.id, { to: 'new' }, clock())
    assert.equal(await completion.resume(mfaToken), undefined)
  })

  test('asks for a factor that was added while it waited', async (t) => {
    const { begin, addFactor, completion } = await setUp(t, () => true)
    const waiting = await begin()
    assert.equal(problemOf(waiting), 'mfa_enrollment_required')
    const mfaToken = String('problem' in waiting && waiting.members?.['mfaToken'])
    assert.deepEqual((await completion.resume(mfaToken))?.possible, [])
    await addFactor()
    assert.deepEqual((await completion.resume(mfaToken))?.possible, ['totp'])
  })

  test('counts no factor that is dead or of another account', async (t) => {
    const { begin, addFactor, store, account } = await setUp(t)
    await addFactor({ epoch: -1 })
    await addFactor({ userId: 'another' })
    await store.recoverAccount(account.id, { seenEpoch: 0, dropsFactors: true }, 1)
    await addFactor()
    const recovered = (await store.findAccount(account.id)) ?? assert.fail()
    assert.ok('body' in (await begin({ account: recovered })))
  })

  test('asks those whom the policy names, and nobody else', async (t) => {
    const { begin, account } = await setUp(t, (role) => role === 'admin')
    assert.ok('body' in (await begin()))
    const admin = { ...account, role: 'admin' }
    assert.equal(problemOf(await begin({ account: admin })), 'mfa_enrollment_required')
  })

  test('asks whom the policy names and who chose no factor for a code from the verified mailbox', async (t) => {
    const { begin, account, addFactor } = await setUp(t, () => true)
    const email = 'ada@example.org'
    assert.equal(
      problemOf(await begin({ account: { ...account, email } })),
      'mfa_enrollment_required',
    )
    const verified = { ...account, email, verifiedEmailKey: email }
    const possible = async (changes: Partial<ProvenSignIn> = {}) => {
      const answer = await begin({ account: verified, ...changes })
      return 'problem' in answer && answer.members?.['factors']
    }
    assert.deepEqual(await possible(), ['email'])
    assert.deepEqual(await possible({ proofs: ['email'] }), ['password'])
    await addFactor()
    assert.deepEqual(await possible(), ['totp'])
  })
})
