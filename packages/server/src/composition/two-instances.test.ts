// Limits of the ways in, on two instances that share a database: whoever spreads tries over them has no more.

import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { type PostgresServer, postgresTest } from '../../../../tools/postgres.fixture.ts'
import { startTestServer, type TestAnswer, testPassword } from '../countersign.fixture.ts'
import { createTestMailbox } from '../mail/mailbox.fixture.ts'

const ada = 'ada@example.org'
const newPassword = 'another horse battery staple'

async function setUp(t: TestContext, server: PostgresServer) {
  const mailbox = createTestMailbox()
  const options = {
    databaseUrl: server.urlFor(t),
    secret: 'a-secret-that-is-long-enough-for-tests',
    sendMail: mailbox.sendMail,
    clock: Object.assign(() => Date.now(), { advance: () => undefined, set: () => undefined }),
    rateLimitAnonymous: '1000/1h',
    rateLimitMail: '100/1h',
  }
  const one = await startTestServer(t, options)
  const two = await startTestServer(t, options)
  const body = { username: 'ada', password: testPassword, email: ada }
  assert.equal((await one.call('POST /api/auth/register', { body })).status, 201)
  const proof = { body: { token: await mailbox.takeToken(ada), password: testPassword } }
  assert.equal((await two.call('POST /api/auth/email/verify', proof)).status, 204)
  const takeCode = async () =>
    /^\d{5,8}$/m.exec((await mailbox.take(ada)).text)?.[0] ?? assert.fail()
  return { one, two, mailbox, takeCode }
}

const wrong = (code: string): string => code.replace(/^./, (digit) => (digit === '0' ? '1' : '0'))
const statusesOf = async (calls: readonly Promise<TestAnswer>[]): Promise<number[]> =>
  (await Promise.all(calls)).map(({ status }) => status)
const count = (statuses: readonly number[], status: number): number =>
  statuses.filter((each) => each === status).length

postgresTest('a code of a mail dies after five wrong tries on both together', async (t, server) => {
  const { one, two, takeCode } = await setUp(t, server)
  const { body } = await one.call('POST /api/auth/code', { body: { email: ada } })
  const code = await takeCode()
  const guess = (instance: typeof one, typed: string) =>
    instance.call('POST /api/auth/code/verify', {
      body: { challenge: body['challenge'], code: typed },
    })
  const guesses = [one, two, one, two, one].map((instance) => guess(instance, wrong(code)))
  assert.deepEqual(await statusesOf(guesses), [400, 400, 400, 400, 400])
  assert.equal((await guess(two, code)).status, 400)
})

postgresTest('wrong codes add up over new codes and both instances', async (t, server) => {
  const { one, two, takeCode } = await setUp(t, server)
  const statuses: number[] = []
  for (let round = 0; round < 4; round++) {
    const asked = await one.call('POST /api/auth/code', { body: { email: ada } })
    const { challenge } = asked.body
    const code = await takeCode()
    const body = { challenge, code: wrong(code) }
    const guesses = [one, two, one].map((each) => each.call('POST /api/auth/code/verify', { body }))
    statuses.push(...(await statusesOf(guesses)))
  }
  assert.deepEqual([count(statuses, 400), count(statuses, 429)], [10, 2])
})

postgresTest('a link is good once, whichever instance it is brought to', async (t, server) => {
  const { one, two, mailbox } = await setUp(t, server)
  await two.call('POST /api/auth/password/forgot', { body: { email: ada } })
  const token = await mailbox.takeToken(ada)
  const resets = [one, two, one, two].map((each, at) =>
    each.call('POST /api/auth/password/reset', {
      body: { token, newPassword: `${newPassword} ${at}` },
    }),
  )
  const statuses = await statusesOf(resets)
  assert.deepEqual([count(statuses, 204), count(statuses, 400)], [1, 3])
})

postgresTest('a known device has its attempts once, over both instances', async (t, server) => {
  const { one, two } = await setUp(t, server)
  const login = { body: { username: 'ada', password: testPassword } }
  const { headers } = await one.call('POST /api/auth/login', login)
  const device = headers.getSetCookie().find((line) => line.startsWith('device='))
  const cookie = device?.split(';', 1)[0] ?? assert.fail()
  const tryWith = (each: typeof one, password: string) =>
    each.call('POST /api/auth/login', { body: { username: 'ada', password }, headers: { cookie } })
  const tries = Array.from({ length: 24 }, (_, at) => tryWith(at % 2 === 0 ? one : two, 'wrong'))
  const statuses = await statusesOf(tries)
  assert.deepEqual([count(statuses, 401), count(statuses, 429)], [10, 14])
  assert.equal((await tryWith(two, testPassword)).status, 429)
  assert.equal((await two.call('POST /api/auth/login', login)).status, 200)
})

postgresTest('a signal is one event of both instances', async (t, server) => {
  const { one, two } = await setUp(t, server)
  const guess = (name: string, at: number) =>
    (at % 2 === 0 ? one : two).call('POST /api/auth/login', {
      body: { username: name, password: 'wrong' },
    })
  // Few at once: on a machine that is busy with other things more would be refused as too many to hash.
  for (const letter of ['a', 'b', 'c', 'd', 'e']) {
    const tries = Array.from({ length: 6 }, (_, at) => guess(`nobody-${letter}${at}`, at))
    assert.equal(count(await statusesOf(tries), 401), 6)
  }
  const signals = [...one.events, ...two.events].filter(
    ({ type }) => type === 'sign_in.many_accounts',
  )
  assert.equal(signals.length, 1)
})
