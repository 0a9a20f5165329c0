import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createAuditLog } from '../audit/audit-log.ts'
import { startTestServer } from '../countersign.fixture.ts'
import { createTestRandomness } from '../foundation/deterministic.fixture.ts'
import { createIdSource } from '../foundation/ids.ts'
import { silentLogger } from '../foundation/logger.ts'
import { createMasterSecrets } from '../foundation/master-secret.ts'
import { RequestContext } from '../http/request-context.ts'
import { createSource } from '../http/source.fixture.ts'
import { createTickets } from '../one-time/tickets.ts'
import { passkeyAssertionSchema } from '../routing/passkey-schemas.ts'
import { openSqliteStore } from '../stores/sql/open-sqlite-store.ts'
import { createAuthenticator } from './authenticator.fixture.ts'
import { createProofOptions } from './ceremony-options.ts'
import { createPasskeyCheck } from './passkey-check.ts'
import { createPasskeyCalls } from './passkey-people.fixture.ts'
import type { ChallengeFacts, RelyingParty } from './relying-party.ts'

test('a passkey’s answer that is only looked at is still good, and then used once', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-check-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'x.db')
  const server = await startTestServer(t, { databaseUrl: `sqlite:${file}` })
  const { clock } = server
  const key = createAuthenticator()
  const { userId } = await createPasskeyCalls(server).person('ada', key)
  const store = await openSqliteStore({ file, clock })
  t.after(() => store.close())
  const account = (await store.findAccount(userId)) ?? assert.fail()
  const factors = await store.listFactors(userId)

  const randomness = createTestRandomness()
  const newId = createIdSource(clock, randomness)
  const secrets = createMasterSecrets(['a-secret-that-is-long-enough-for-tests'])
  const tickets = createTickets<ChallengeFacts>(
    { secrets, store, newId, randomness, clock },
    'passkey-recovery',
    60_000,
  )
  const every = { registration: tickets, signIn: tickets, secondFactor: tickets, stepUp: tickets }
  const relyingParty: RelyingParty = {
    rpId: 'localhost',
    origins: ['http://localhost:3000'],
    name: 'Test',
    challenges: { ...every, recovery: tickets },
    clock,
  }
  const audit = createAuditLog({ store, newId, clock, logger: silentLogger })
  const check = createPasskeyCheck(
    { relyingParty, accounts: store, factors: store, audit },
    'recovery',
  )
  const ask = () => ({ ...createProofOptions(relyingParty, 'recovery', account, factors) })
  const look = (answer: unknown) =>
    check({
      account,
      factors,
      code: '',
      response: passkeyAssertionSchema.parse(answer),
      context: new RequestContext('1', createSource(), '203.0.113.9', clock()),
    })
  const good = key.get(ask())
  const looked = await Promise.all(Array.from({ length: 20 }, () => look(good)))
  const spent = await Promise.all(
    looked.map((spend) => (typeof spend === 'function' ? spend() : assert.fail())),
  )
  assert.equal(spent.filter(Boolean).length, 1)

  const options = ask()
  assert.equal(await look(key.get(options, { altersSignature: true })), undefined)
  const late = await look(key.get(options))
  assert.equal(typeof late === 'function' && (await late()), false, 'a bad answer spends it')
})
