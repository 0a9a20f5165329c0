// The real program on real servers of MongoDB's protocol.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { MongoClient } from 'mongodb'
import { type DatabaseServer, startServers } from '../../../../tools/servers/database-server.ts'
import { mongodbServers } from '../../../../tools/servers/mongodb-servers.ts'
import { nx27017 } from '../../../../tools/servers/nx-27017.ts'
import { until } from '../../../../tools/until.ts'
import { createProgram, type RunningServer } from '../program.fixture.ts'

const password = 'a long enough phrase 7'
/** How long a database may take to come back on a busy machine. */
const patienceMs = 60_000
const secret = randomBytes(32).toString('base64url')

interface Tokens {
  readonly token: string
  readonly refreshToken: string
}

const servers = await startServers(mongodbServers)

for (const database of servers) {
  test(`${database.name}: registers, logs in, refreshes, logs out, over a restart`, async (t) => {
    const program = createProgram(t)
    const variables = variablesFor(database.urlOf(newName()))
    const first = await program.start(variables)
    assert.match(first.output(), /Data\s+MongoDB \S+ at 127\.0\.0\.1:\d+\/\S+/)
    assert.equal((await post(first, 'auth/register', { username: 'Ada', password })).status, 201)
    const again = await post(first, 'auth/register', { username: 'ADA', password })
    assert.deepEqual([again.status, await codeOf(again)], [400, 'username_taken'])
    const ended = await logIn(first, 'ada')
    const alive = await refresh(first, await logIn(first, 'ada'))
    const out = await post(first, 'auth/logout', { refreshToken: ended.refreshToken })
    assert.equal(out.status, 204)
    assert.equal(await first.stop(), 0)

    const second = await program.start({ ...variables, PORT: new URL(first.url).port })
    assert.equal(await profileStatus(second, alive), 200, 'keys and accounts are there')
    assert.equal(await profileStatus(second, ended), 401, 'and so are revocations')
    const newest = await refresh(second, alive)
    const { refreshToken } = ended
    assert.equal((await post(second, 'auth/refresh', { refreshToken })).status, 401)
    assert.equal((await fetch(`${second.url}/health/ready`)).status, 200)
    await theftEndsTheSession(second, newest)
  })

  test(`${database.name}: who is logged out through one instance is refused by the other`, async (t) => {
    const { one, two, held } = await startTwo(t, database)
    const { refreshToken } = held
    assert.equal((await post(one, 'auth/logout', { refreshToken })).status, 204)
    assert.equal(await profileStatus(one, held), 401)
    // Half a second and a query; more on a busy machine.
    await until(
      async () => (await profileStatus(two, held)) === 401,
      'the log-out to arrive',
      5_000,
    )
    assert.equal((await post(two, 'auth/refresh', { refreshToken })).status, 401)
  })

  test(`${database.name}: a disabled account is refused by every instance at once`, async (t) => {
    const { program, variables, one, two, held } = await startTwo(t, database)
    await program.run(['users', 'disable', 'ada'], { variables })
    assert.equal(await profileStatus(one, held), 401)
    assert.equal(await profileStatus(two, held), 401)
    const { refreshToken } = held
    assert.equal((await post(two, 'auth/refresh', { refreshToken })).status, 401)
  })

  test(`${database.name}: one of fifty refreshes at once through two instances wins, and none is logged out`, async (t) => {
    const program = createProgram(t)
    const variables = variablesFor(database.urlOf(newName()))
    const [one, two] = await Promise.all([program.start(variables), program.start(variables)])
    await post(one, 'auth/register', { username: 'ada', password })
    const { refreshToken } = await logIn(one, 'ada')
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, turn) =>
        untilServed(() => post(turn % 2 === 0 ? one : two, 'auth/refresh', { refreshToken })),
      ),
    )
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
    const successors = await Promise.all(
      answers.map(async (answer) => (await answer.json()) as Tokens),
    )
    assert.equal(new Set(successors.map((tokens) => tokens.refreshToken)).size, 1)
  })
}

for (const database of servers) {
  test(`${database.name}: the schema is shown, applied and examined by command`, async (t) => {
    const program = createProgram(t)
    const variables = variablesFor(database.urlOf(newName()))
    const run = (words: string, more: Readonly<Record<string, string>> = {}) =>
      program.run(words.split(' '), { variables: { ...variables, ...more } })
    const before = await run('migrate status')
    assert.equal(before.code, 5, before.err)
    assert.match(before.out, /^1 +indexes +pending$/m)
    const doctor = await run('doctor', { MIGRATE_ON_START: 'off' })
    assert.equal(doctor.code, 3)
    assert.match(doctor.out, /MongoDB \S+ at \S+ answers\.[\s\S]*It is a single server/)
    assert.match(doctor.out, /\d schema step\(s\) are pending/)
    const refused = await run('keys list', { MIGRATE_ON_START: 'off' })
    assert.equal(refused.code, 5)
    assert.match(refused.err, /pending: 1 \(indexes\).*\. Run countersign migrate up/)
    assert.match((await run('migrate up')).out, /^Applied \d step\(s\): 1/m)
    assert.match((await run('migrate up')).out, /^Nothing was pending/)
    assert.equal((await run('migrate status')).code, 0)
    const after = await run('doctor', { MIGRATE_ON_START: 'off' })
    assert.equal(after.code, 0, after.out)
    assert.match(after.out, /The clocks of this machine and the database agree/)
    await run('users add ada --generate')
    const named = { ADMIN_USERNAME: 'ada', ADMIN_PASSWORD: password }
    const taken = await run('doctor', named)
    assert.equal(taken.code, 3)
    assert.match(taken.out, /does not administer: npx countersign users set-role ada admin/)
    const sealed = await run('doctor', { COUNTERSIGN_SECRET: `${secret}-another` })
    assert.equal(sealed.code, 3)
    assert.match(sealed.out, /sealed under another master secret: put the one/)
  })
}

test('says what to do when MongoDB cannot be reached, and keeps the password to itself', async (t) => {
  const program = createProgram(t)
  const variables = variablesFor('mongodb://ada:hunter22@127.0.0.1:9/app')
  const outcome = await program.run(['start'], { variables })
  assert.equal(outcome.code, 1)
  assert.match(outcome.err, /Cannot use MongoDB at 127\.0\.0\.1:9 \(.*ECONNREFUSED/)
  assert.doesNotMatch(outcome.err + outcome.out, /hunter22/)
  assert.doesNotMatch(outcome.err, /^\s+at /m, 'no stack')
})

for (const database of await startServers([nx27017])) {
  test(`${database.name}: loses no acknowledged write to kill -9, and answers 503 meanwhile`, async (t) => {
    const url = database.urlOf(newName())
    const server = await createProgram(t).start(variablesFor(url))
    const clients = await Promise.all(
      Array.from({ length: 8 }, async (_, turn) => {
        await post(server, 'auth/register', { username: `user-${turn}`, password })
        return createClient(server, `user-${turn}`)
      }),
    )
    for (let round = 0; round < 3; round++) await killUnderLoad(database, server, clients)
    await assertNothingLost(t, url, server, clients)
  })
}

/** Refreshes, logs in and logs out for as long as it is told to, and keeps account of what was acknowledged. */
interface Client {
  readonly ended: readonly string[]
  readonly statuses: ReadonlySet<number>
  /** Acts once. @returns whether every answer was good */
  act(): Promise<boolean>
  held(): Tokens
}

/** Two instances that both know the other's keys, and somebody who is logged in. */
async function startTwo(t: TestContext, database: DatabaseServer) {
  const program = createProgram(t)
  const variables = variablesFor(database.urlOf(newName()))
  const [one, two] = await Promise.all([program.start(variables), program.start(variables)])
  await post(one, 'auth/register', { username: 'ada', password })
  const held = await logIn(one, 'ada')
  assert.equal(await profileStatus(two, held), 200)
  return { program, variables, one, two, held }
}

async function createClient(server: RunningServer, username: string): Promise<Client> {
  let held = await logIn(server, username)
  let toEnd = await logIn(server, username)
  const ended: string[] = []
  const statuses = new Set<number>()
  const send = async (path: string, body: object): Promise<Response | undefined> => {
    const answer = await post(server, path, body)
    statuses.add(answer.status)
    if (answer.status === 503) assert.ok(answer.headers.get('retry-after'))
    return answer.ok ? answer : undefined
  }
  return {
    ended,
    statuses,
    held: () => held,
    act: async () => {
      const refreshed = await send('auth/refresh', { refreshToken: held.refreshToken })
      if (refreshed) held = (await refreshed.json()) as Tokens
      const { refreshToken } = toEnd
      const out = await send('auth/logout', { refreshToken })
      if (!out) return false
      ended.push(refreshToken)
      const again = await send('auth/login', { username, password, delivery: 'body' })
      if (again) toEnd = (await again.json()) as Tokens
      return refreshed !== undefined && again !== undefined
    },
  }
}

async function killUnderLoad(
  database: DatabaseServer,
  server: RunningServer,
  clients: readonly Client[],
): Promise<void> {
  let isOver = false
  let acts = 0
  const load = clients.map(async (client) => {
    while (!isOver) {
      await client.act()
      acts++
    }
  })
  await until(() => acts > 30, 'thirty acts of the clients', patienceMs)
  await database.kill()
  await until(async () => (await readiness(server)) === 503, 'the outage to be noticed', patienceMs)
  await database.restart()
  await until(async () => (await readiness(server)) === 200, 'the database to be back', patienceMs)
  isOver = true
  await Promise.all(load)
  for (const client of clients) {
    await until(() => client.act(), 'a client to be served again', patienceMs)
    assert.ok(await client.act(), 'no session is stuck, and nothing fails after the recovery')
  }
}

async function assertNothingLost(
  t: TestContext,
  url: string,
  server: RunningServer,
  clients: readonly Client[],
): Promise<void> {
  for (const client of clients) {
    const unexpected = [...client.statuses].filter((status) => ![200, 204, 503].includes(status))
    assert.deepEqual(unexpected, [], errorLinesOf(server))
    for (const refreshToken of client.ended) {
      assert.equal((await post(server, 'auth/refresh', { refreshToken })).status, 401)
    }
  }
  const own = new MongoClient(url)
  t.after(() => own.close())
  const events = own.db().collection('countersign_audit_events')
  assert.ok((await events.countDocuments({ type: 'session.ended' })) >= 8)
  // A token ahead of its row: a rotation was acknowledged and then forgotten.
  assert.equal(await events.countDocuments({ type: 'session.restored' }), 0)
  assert.equal(await events.countDocuments({ type: 'session.theft' }), 0)
}

function errorLinesOf(server: RunningServer): string {
  const lines = server.output().split('\n')
  return lines.filter((line) => line.includes('Unexpected failure')).join('\n')
}

function variablesFor(url: string): Record<string, string> {
  return {
    MONGODB_URI: url,
    COUNTERSIGN_SECRET: secret,
    JWT_ISSUER: 'http://auth.test',
    RATE_LIMIT_ANONYMOUS: '100000/1m',
    RATE_LIMIT_REGISTER: '1000/1m',
    RATE_LIMIT_LOGIN: '10000/1m',
    RATE_LIMIT_USER: '100000/1m',
  }
}

function newName(): string {
  return `program_${randomBytes(4).toString('hex')}`
}

function post({ url }: RunningServer, path: string, body: object): Promise<Response> {
  return fetch(`${url}/api/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

/** Asks again while the answer is 503, as a client does: the machine may be busy. */
async function untilServed(ask: () => Promise<Response>): Promise<Response> {
  for (;;) {
    const answer = await ask()
    if (answer.status !== 503) return answer
    await sleep(50)
  }
}

async function codeOf(answer: Response): Promise<string> {
  return ((await answer.json()) as { code: string }).code
}

async function logIn(server: RunningServer, username: string): Promise<Tokens> {
  const answer = await post(server, 'auth/login', { username, password, delivery: 'body' })
  assert.equal(answer.status, 200)
  return (await answer.json()) as Tokens
}

async function refresh(server: RunningServer, { refreshToken }: Tokens): Promise<Tokens> {
  const answer = await post(server, 'auth/refresh', { refreshToken })
  assert.equal(answer.status, 200)
  return (await answer.json()) as Tokens
}

async function theftEndsTheSession(server: RunningServer, tokens: Tokens): Promise<void> {
  const successor = await refresh(server, await refresh(server, tokens))
  const { refreshToken } = tokens
  assert.equal((await post(server, 'auth/refresh', { refreshToken })).status, 401)
  const own = await post(server, 'auth/refresh', { refreshToken: successor.refreshToken })
  assert.equal(own.status, 401)
  assert.equal(await profileStatus(server, successor), 401)
}

async function profileStatus({ url }: RunningServer, { token }: Tokens): Promise<number> {
  const headers = { authorization: `Bearer ${token}` }
  return (await fetch(`${url}/api/users`, { headers })).status
}

async function readiness({ url }: RunningServer): Promise<number> {
  return (await fetch(`${url}/health/ready`)).status
}
