// An account whose factors change, on a store into which something may come in between.

import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { Account } from '../accounts/account.ts'
import { createTestAccount } from '../accounts/account.fixture.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import { type Factor, loadLivingFactors } from '../factors/factor.ts'
import { createTestClock, createTestRandomness } from '../foundation/deterministic.fixture.ts'
import { createIdSource } from '../foundation/ids.ts'
import { createMasterSecrets } from '../foundation/master-secret.ts'
import type { Answer } from '../http/reply.ts'
import { createDeviceCookies } from '../credentials/device-cookie.ts'
import { RequestContext } from '../http/request-context.ts'
import { createSource } from '../http/source.fixture.ts'
import { createTickets } from '../one-time/tickets.ts'
import type { Principal } from '../routing/route.ts'
import { testLives } from '../sessions/session.fixture.ts'
import { createSession } from '../sessions/start-session.ts'
import { openMemoryStore } from '../stores/memory-store.fixture.ts'
import type { Store } from '../stores/store.ts'
import { createFactorChanges, type FactorChanges, type NewFactor } from './change-factors.ts'
import { createSignInCompletion, type PendingSignIn } from './finish-sign-in.ts'

export const totp: NewFactor = {
  kind: 'totp',
  name: 'Phone',
  externalId: null,
  secret: 's',
  counter: 7,
}
export const codes: NewFactor = { ...totp, kind: 'recovery', name: 'Codes', secret: '["a","b"]' }

interface Wish {
  /** Whether the policy asks for a second factor. */
  readonly isRequired?: boolean
  /** Default: one in memory. */
  readonly store?: Store
  /** The account's; several share a store. */
  readonly id?: string
  /** What comes in between. */
  readonly change?: (store: Store) => Partial<Store>
}

export interface FactorStage {
  /** Nothing comes in between here. */
  readonly store: Store
  readonly account: Account
  readonly changes: FactorChanges
  readonly events: readonly string[]
  readonly policy: { isRequired: boolean }
  /** A session of the account as it is now. */
  readonly signIn: () => Promise<Principal>
  /** With the password; what more is needed, its answer says. */
  readonly logIn: () => Promise<Answer>
  /** A log-in that waits. */
  readonly begin: () => Promise<string>
  readonly living: () => Promise<readonly Factor[]>
  readonly kinds: () => Promise<string[]>
  readonly add: (
    request: Parameters<FactorChanges['add']>[0],
    factor?: NewFactor,
  ) => Promise<Answer>
  readonly remove: (principal: Principal, factor: Pick<Factor, 'id'>) => Promise<Answer>
  readonly isAlive: (sessionId: string) => Promise<boolean>
}

export async function setUpFactorChanges(
  t: TestContext,
  { isRequired = false, change = () => ({}), ...wish }: Wish = {},
): Promise<FactorStage> {
  const clock = createTestClock()
  const randomness = createTestRandomness(wish.id)
  const newId = createIdSource(clock, randomness)
  const opened = wish.store ?? (await openMemoryStore(t, clock))
  const store: Store = { ...opened, ...change(opened) }
  const secrets = createMasterSecrets(['a-secret-that-is-long-enough-for-tests'])
  const events: string[] = []
  const audit: AuditLog = {
    record: async (type, { detail }) =>
      void events.push([type, ...Object.values(detail ?? {})].join(' ')),
  }
  const credentials = {
    secrets,
    clock,
    lives: testLives,
    cookie: { name: 'refreshToken', secure: false },
    issuer: { issue: async () => ({ token: 'token', expiresIn: 900 }) },
  }
  const stores = { accounts: store, factors: store, sessions: store, revoking: store }
  const policy = { isRequired }
  const needsSecondFactor = () => policy.isRequired
  const cookie = { name: 'device', secure: false }
  const devices = createDeviceCookies({ secrets, clock, newId, randomness, cookie })
  const shared = { ...stores, credentials, devices, needsSecondFactor, audit, newId, randomness }
  const completion = createSignInCompletion({
    ...shared,
    pending: createTickets<PendingSignIn>(
      { secrets, store, newId, randomness, clock },
      'pending-sign-in',
      600_000,
    ),
    sendsMail: false,
    isNewDevice: async () => false,
  })
  const changes = createFactorChanges({ ...shared, leases: store, completion })
  const account = createTestAccount(wish.id === undefined ? {} : { id: wish.id })
  await opened.insertAccount(account, account.id)
  const context = () => new RequestContext('r', createSource(), '203.0.113.9', clock())
  /** A session of the account as it is now. */
  const signIn = async () => {
    const now = (await opened.findAccount(account.id)) ?? assert.fail()
    const session = createSession(now, context(), ['pwd'], { clock, newId, randomness })
    await opened.insertSession(session)
    return { account: now, sessionId: session.id, authenticatedAt: clock() }
  }
  /** A log-in that waits. */
  const logIn = async () => {
    const now = (await opened.findAccount(account.id)) ?? assert.fail()
    return completion.finish({ account: now, proofs: ['password'], delivery: 'body' }, context())
  }
  const begin = async () => {
    const answer = await logIn()
    return String('problem' in answer && answer.members?.['mfaToken'])
  }
  const living = async () => {
    const now = (await opened.findAccount(account.id)) ?? assert.fail()
    return loadLivingFactors(opened, now)
  }
  const kinds = async () => (await living()).map(({ kind }) => kind)
  const add = (request: Parameters<FactorChanges['add']>[0], factor = totp): Promise<Answer> =>
    changes.add(request, { factor }, context())
  const remove = (principal: Awaited<ReturnType<typeof signIn>>, { id }: Pick<Factor, 'id'>) =>
    changes.remove(principal, id, context())
  const isAlive = async (sessionId: string) => {
    const found = await opened.findSessionWithAccount(sessionId)
    if (found?.account === undefined || found.session.endedAt !== null) return false
    return found.session.epoch >= found.account.sessionEpoch
  }
  const rest = { add, remove, isAlive, events, policy }
  return { store: opened, account, changes, signIn, logIn, begin, living, kinds, ...rest }
}

export const codeOf = (answer: object): string =>
  'problem' in answer ? String(answer.problem) : 'done'
export const bodyOf = (answer: Answer): Record<string, unknown> =>
  'problem' in answer ? assert.fail(answer.problem) : (answer.body as Record<string, unknown>)
