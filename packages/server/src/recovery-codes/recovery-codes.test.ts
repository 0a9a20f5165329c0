import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test, type TestContext } from 'node:test'
import { readSignedIn, testPassword } from '../countersign.fixture.ts'
import { readRecoverySet } from '../factors/recovery-codes.ts'
import { createTestMailbox } from '../mail/mailbox.fixture.ts'
import { readClaims } from '../tokens/issuer.fixture.ts'
import { wrongCode } from '../totp/authenticator.fixture.ts'
import {
  begin,
  beginToken,
  enroll,
  outcome,
  personWithApp,
  prove,
  startCluster,
} from '../totp/people.fixture.ts'

async function setUp(t: TestContext, options: Parameters<typeof startCluster>[1] = {}) {
  const cluster = await startCluster(t, options)
  const { server } = cluster
  const { userId, token: first, secret } = await personWithApp(server, 'ada')
  let token = first
  const make = async (): Promise<readonly string[]> => {
    const answer = await server.call('POST /api/auth/mfa/recovery-codes', { token })
    assert.equal(answer.status, 200, JSON.stringify(answer.body))
    token = String(answer.body['token'])
    return answer.body['recoveryCodes'] as string[]
  }
  const list = async () => {
    const { body } = await server.call('GET /api/auth/mfa/factors', { token })
    return body['factors'] as { id: string; kind: string; remaining?: number }[]
  }
  const remaining = async () => (await list()).find(({ kind }) => kind === 'recovery')?.remaining
  const use = async (code: string, instance = server) =>
    prove(instance, await beginToken(instance, 'ada'), code, 'recovery')
  const remove = async (kind: string) => {
    const id = (await list()).find((factor) => factor.kind === kind)?.id ?? assert.fail()
    const answer = await server.call(`DELETE /api/auth/mfa/factors/${id}`, { token })
    token = String(answer.body['token'])
    return answer
  }
  return { ...cluster, userId, secret, make, remaining, use, remove, token: () => token }
}

describe('recovery codes', () => {
  test('are ten, each good for one log-in in any spelling (ASVS v5.0.0-6.5.1)', async (t) => {
    const { server, make, use, remaining } = await setUp(t)
    assert.deepEqual((await begin(server, 'ada')).body['factors'], ['totp'])
    const codes = await make()
    assert.equal(new Set(codes).size, 10)
    const [first = '', second = ''] = codes
    assert.deepEqual((await begin(server, 'ada')).body['factors'], ['totp', 'recovery'])
    server.takeEvents()
    const { accessToken } = readSignedIn(await use(first))
    const { amr, acr } = readClaims(accessToken)
    assert.deepEqual([amr, acr], [['pwd', 'recovery', 'mfa'], 'mfa'])
    const [used] = server.takeEvents()
    assert.deepEqual([used?.type, used?.detail], ['factor.used_recovery', { remaining: 9 }])
    assert.equal(await remaining(), 9)
    assert.equal(outcome(await use(first)), '400 invalid_code')
    assert.equal(outcome(await use(second.toLowerCase().replaceAll('-', ' '))), '200')
    assert.equal(await remaining(), 8)
  })

  test('are spent by one of twenty that bring the same at once to two instances', async (t) => {
    const { server, other, store, userId, make } = await setUp(t, { rateLimitLogin: '100/15m' })
    for (const code of (await make()).slice(0, 3)) {
      const mfaTokens: string[] = []
      for (let count = 0; count < 10; count++) mfaTokens.push(await beginToken(server, 'ada'))
      const answers = await Promise.all(
        [...mfaTokens, ...mfaTokens].map((mfaToken, turn) =>
          prove(turn % 2 === 0 ? server : other, mfaToken, code, 'recovery'),
        ),
      )
      const good = answers.filter(({ status }) => status === 200)
      assert.equal(good.length, 1, answers.map(outcome).join(', '))
    }
    const [codes] = (await store.listFactors(userId)).filter(({ kind }) => kind === 'recovery')
    assert.equal(readRecoverySet(codes?.secret ?? '').length, 7)
  })

  test('made again are void, and end the other sessions', async (t) => {
    const { server, make, use } = await setUp(t)
    const [old = ''] = await make()
    const session = readSignedIn(await use(old))
    const [, unused = ''] = await make()
    assert.equal((await server.refresh(session.refreshToken)).status, 401)
    const codes = await make()
    assert.equal(outcome(await use(unused)), '400 invalid_code')
    assert.equal(outcome(await use(codes[0] ?? '')), '200')
  })

  test('are nobody else’s', async (t) => {
    const { server, make } = await setUp(t)
    const codes = await make()
    const { token } = await personWithApp(server, 'eve')
    await server.call('POST /api/auth/mfa/recovery-codes', { token })
    const answer = await prove(server, await beginToken(server, 'eve'), codes[0] ?? '', 'recovery')
    assert.equal(outcome(answer), '400 invalid_code')
  })

  test('are no factor: without another there are none, and they go with the last (ASVS v5.0.0-6.4.4)', async (t) => {
    const { server, make, remove, remaining, token } = await setUp(t)
    await server.open('bob')
    const { accessToken: bob } = await server.signIn('bob')
    const refused = await server.call('POST /api/auth/mfa/recovery-codes', { token: bob })
    assert.equal(outcome(refused), '409 no_second_factor')
    await make()
    assert.equal((await remove('totp')).status, 200)
    assert.equal(await remaining(), undefined)
    assert.equal((await begin(server, 'ada')).status, 200)
    const again = await server.call('POST /api/auth/mfa/recovery-codes', { token: token() })
    assert.equal(outcome(again), '409 no_second_factor')
  })

  test('can be removed by themselves', async (t) => {
    const { server, make, remove, use } = await setUp(t)
    const [code = ''] = await make()
    assert.equal((await remove('recovery')).status, 200)
    assert.deepEqual((await begin(server, 'ada')).body['factors'], ['totp'])
    assert.equal(outcome(await use(code)), '400 invalid_code')
  })

  test('are not offered when all are used', async (t) => {
    const { server, make, use, remaining } = await setUp(t)
    for (const code of await make()) {
      assert.equal(outcome(await use(code)), '200')
      server.clock.advance(1_000)
    }
    assert.equal(await remaining(), 0)
    assert.deepEqual((await begin(server, 'ada')).body['factors'], ['totp'])
  })

  test('share the limit of guesses with every other code', async (t) => {
    const { server, secret, make, use } = await setUp(t)
    const [code = ''] = await make()
    for (let count = 0; count < 10; count++) {
      const isApp = count % 2 === 0
      const mfaToken = await beginToken(server, 'ada')
      const guess = isApp ? wrongCode(secret, server.clock()) : code.replace(/.$/, '!')
      const answer = await prove(server, mfaToken, guess, isApp ? 'totp' : 'recovery')
      assert.equal(outcome(answer), '400 invalid_code')
    }
    assert.equal(outcome(await use(code)), '429 too_many_requests')
  })

  test('stand nowhere in the database, the log or the events (ASVS v5.0.0-6.5.2)', async (t) => {
    const { server, file, store, userId, make, use } = await setUp(t)
    const codes = await make()
    await use(codes[0] ?? '')
    const bytes = Buffer.concat([readFileSync(file), readFileSync(`${file}-wal`)]).toString(
      'latin1',
    )
    const told = JSON.stringify([server.log, server.events])
    for (const code of codes) {
      for (const form of [code, code.replaceAll('-', ''), code.toLowerCase()]) {
        assert.equal(bytes.includes(form) || told.includes(form), false)
      }
    }
    const kept = (await store.listFactors(userId)).find(({ kind }) => kind === 'recovery')
    assert.equal(readRecoverySet(kept?.secret ?? '').length, 9)
  })
})

describe('a forgotten password of an account with an app', () => {
  test('is reset with a recovery code, once, and its owner is told of the code', async (t) => {
    const mailbox = createTestMailbox()
    const { server } = await startCluster(t, {
      sendMail: mailbox.sendMail,
      rateLimitMail: '100/1h',
    })
    const email = 'ada@example.org'
    const body = { username: 'ada', password: testPassword, email }
    await server.call('POST /api/auth/register', { body })
    const proof = { token: await mailbox.takeToken(email), password: testPassword }
    assert.equal((await server.call('POST /api/auth/email/verify', { body: proof })).status, 204)
    const { accessToken } = await server.signIn('ada')
    const { answer } = await enroll(server, { token: accessToken })
    assert.match((await mailbox.take(email)).subject, /factor was added/)
    // Factors of one millisecond are in no order.
    server.clock.advance(1)
    const wish = { token: String(answer.body['token']) }
    const made = await server.call('POST /api/auth/mfa/recovery-codes', wish)
    assert.match((await mailbox.take(email)).subject, /factor was added/)
    const [code] = made.body['recoveryCodes'] as string[]
    const reset = async (more: object) => {
      await server.call('POST /api/auth/password/forgot', { body: { email } })
      const token = await mailbox.takeToken(email)
      const newPassword = 'another horse battery staple'
      return server.call('POST /api/auth/password/reset', { body: { token, newPassword, ...more } })
    }
    const asked = await reset({})
    assert.equal(outcome(asked), '401 mfa_required')
    assert.deepEqual(asked.body['factors'], ['totp', 'recovery'])
    assert.equal(outcome(await reset({ factor: 'recovery', code: 'x' })), '400 invalid_code')
    assert.equal(outcome(await reset({ factor: 'recovery', code })), '204')
    // Two notices of one act arrive in either order.
    const told = [await mailbox.take(email), await mailbox.take(email)]
    const subjects = told.map(({ subject }) => subject).join('\n')
    assert.match(subjects, /recovery code was used/)
    assert.match(subjects, /password was reset/)
    assert.equal(outcome(await reset({ factor: 'recovery', code })), '400 invalid_code')
  })
})
