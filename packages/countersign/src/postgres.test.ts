import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ownPostgresTest, postgresTest } from '../../../tools/postgres.fixture.ts'
import { startProxy, type TcpProxy } from '../../../tools/tcp-proxy.fixture.ts'
import { until } from '../../../tools/until.ts'
import { insertAccount } from '../../server/src/stores/sql/account-store.ts'
import { rotateSession } from '../../server/src/stores/sql/session-store.ts'
import {
  type HonestClient,
  keepRefreshing,
  post,
  residentMiB,
  type TokenAnswer,
  untilAllRefresh,
} from './honest-client.fixture.ts'
import { createProgram, type Program, type RunningServer } from './program.fixture.ts'

const password = 'a long enough phrase 7'
const secret = 'a master secret of 32 characters or more'
/** What a process may grow by in seconds of load, and an outage's leavings would pass. */
const flatMiB = 64
const unlimited = {
  COUNTERSIGN_SECRET: secret,
  RATE_LIMIT_ANONYMOUS: '1000000/1m',
  RATE_LIMIT_USER: '1000000/1m',
  RATE_LIMIT_REGISTER: '1000000/1m',
  LOG_LEVEL: 'warn',
}

postgresTest('does everything on PostgreSQL, over a restart', async (t, server) => {
  const program = createProgram(t)
  const variables = { ...unlimited, DATABASE_URL: server.urlFor(t) }
  const first = await program.start(variables)
  assert.match(first.output(), /Data +PostgreSQL \d+\S* at /)
  assert.equal((await post(first, '/api/auth/register', { username: 'ada', password })).status, 201)
  assert.equal((await post(first, '/api/auth/register', { username: 'ADA', password })).status, 400)
  const gone = await logIn(first, 'ada')
  assert.equal((await post(first, '/api/auth/logout', gone)).status, 204)
  const login = await logIn(first, 'ada')
  const refresh = await post(first, '/api/auth/refresh', login)
  assert.equal(refresh.status, 200)
  const alive = (await refresh.json()) as TokenAnswer
  assert.equal(await first.stop(), 0)

  const { port } = new URL(first.url)
  const second = await program.start({ ...variables, PORT: port })
  assert.equal((await profile(second, alive.token)).status, 200)
  assert.equal((await profile(second, gone.token)).status, 401)
  assert.equal((await post(second, '/api/auth/refresh', gone)).status, 401)
  assert.equal((await post(second, '/api/auth/refresh', alive)).status, 200)
  const users = await program.run(['users', 'list'], { variables })
  assert.match(users.out, /\bada\b/)
})

postgresTest('two processes on one database are one service', async (t, server) => {
  const program = createProgram(t)
  const variables = {
    ...unlimited,
    DATABASE_URL: server.urlFor(t),
    JWT_ISSUER: 'https://auth.example.com',
  }
  const [a, b] = await Promise.all([program.start(variables), program.start(variables)])
  const kids = await Promise.all(
    [a, b].map(async ({ url }) => (await fetch(`${url}/.well-known/jwks.json`)).text()),
  )
  assert.equal(kids[0], kids[1], 'both made keys at the same moment, and one pair won')
  await post(a, '/api/auth/register', { username: 'ada', password })
  const login = await logIn(b, 'ada')
  assert.equal((await profile(a, login.token)).status, 200)

  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, i) => post(i % 2 === 0 ? a : b, '/api/auth/refresh', login)),
  )
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
  const successors = await Promise.all(
    answers.map(async (answer) => ((await answer.json()) as TokenAnswer).refreshToken),
  )
  assert.equal(new Set(successors).size, 1, 'one successor, whoever answered')
  const successor = { refreshToken: successors[0] ?? '' }
  const next = (await (await post(b, '/api/auth/refresh', successor)).json()) as TokenAnswer
  const replay = await post(a, '/api/auth/refresh', login)
  assert.equal(replay.status, 401, 'theft is seen by the other process')
  assert.equal((await post(b, '/api/auth/refresh', next)).status, 401)
  await until(async () => (await profile(b, next.token)).status === 401, 'the session to be dead')

  const again = await logIn(a, 'ada')
  assert.equal((await post(b, '/api/auth/logout', again)).status, 204)
  await until(async () => (await profile(a, again.token)).status === 401, 'the log-out to arrive')
})

test('needs what instances have to share before it starts on PostgreSQL', async (t) => {
  const program = createProgram(t)
  const DATABASE_URL = 'postgres://ada:hunter2@db.example.com/app'
  const variables = { DATABASE_URL, NODE_ENV: 'production' }
  for (const words of [['start'], ['doctor']]) {
    const { code, out, err } = await program.run(words, { variables })
    assert.equal(code, 3)
    const said = out + err
    const line = /COUNTERSIGN_SECRET: .*COUNTERSIGN_SECRET=([\w-]{43})$/m.exec(said)
    assert.ok(line, said)
    assert.match(said, /- JWT_ISSUER: .*PUBLIC_URL/)
    assert.doesNotMatch(said, /hunter2/)
    const mended = {
      ...variables,
      COUNTERSIGN_SECRET: line[1] ?? '',
      PUBLIC_URL: 'https://a.example',
    }
    const next = await program.run(['doctor'], { variables: mended })
    assert.match(next.out, /^DATABASE_URL +postgres:\/\/ada:\*\*\*@db\.example\.com\/app/m)
    assert.doesNotMatch(next.out, /hunter2|- COUNTERSIGN_SECRET|- JWT_ISSUER/)
  }
})

postgresTest('doctor looks at the database and changes nothing', async (t, server) => {
  const program = createProgram(t)
  const variables = { COUNTERSIGN_SECRET: secret, DATABASE_URL: server.urlFor(t) }
  const doctor = () => program.run(['doctor'], { variables })
  const before = await doctor()
  assert.equal(before.code, 0, before.out)
  assert.match(before.out, /PostgreSQL at .* answers: version \d+.*TLS none/)
  assert.match(before.out, /clocks .* agree/)
  assert.match(before.out, /\d schema step\(s\) are pending: the start applies them/)
  assert.match((await doctor()).out, /\d schema step\(s\) are pending/, 'it changed nothing')
  await program.run(['migrate', 'up'], { variables })
  assert.match((await doctor()).out, /The schema is up to date/)
  await findsWhatKeepsFromStarting(program, variables)
  const lost = { ...variables, DATABASE_URL: 'postgres://ada:hunter2@127.0.0.1:1/app' }
  const refused = await program.run(['doctor'], { variables: lost })
  assert.equal(refused.code, 3)
  assert.match(refused.out, /cannot be reached \(ECONNREFUSED\)/)
  assert.doesNotMatch(refused.out, /hunter2/)
})

ownPostgresTest(
  'kill -9 of PostgreSQL under load loses nothing that was acknowledged',
  async (t, server) => {
    const program = createProgram(t)
    const url = server.urlFor(t)
    const variables = instanceVariables(url)
    const instances = await Promise.all([program.start(variables), program.start(variables)])
    const clients: HonestClient[] = []
    for (let i = 0; i < 8; i++) {
      const username = `user-${i}`
      const instance = instances[i % 2] ?? instances[0]
      assert.equal((await post(instance, '/api/auth/register', { username, password })).status, 201)
      clients.push({ instances, ...(await logIn(instance, username)), refreshed: 0, seen: [] })
    }
    const stop = new AbortController()
    const running = clients.map((client) => keepRefreshing(client, stop.signal))
    let residentAfterFirst = 0
    for (let outage = 0; outage < 4; outage++) {
      await untilAllRefresh(clients, 10)
      await server.kill()
      await until(
        () => clients.every(({ seen }) => seen.includes(503)),
        'every client to hear that the database is away',
      )
      await server.start()
      for (const instance of instances) {
        await until(
          async () => (await fetch(`${instance.url}/health/ready`)).status === 200,
          'ready',
        )
      }
      // What was under way when it returned may still fail; after that nothing does.
      await untilAllRefresh(clients, 2)
      for (const client of clients) client.seen = []
      await untilAllRefresh(clients, 10)
      assert.deepEqual(new Set(clients.flatMap(({ seen }) => seen)), new Set([200]))
      residentAfterFirst ||= residentMiB(instances)
    }
    assert.ok(
      residentMiB(instances) < residentAfterFirst + flatMiB,
      'an outage leaves nothing behind',
    )
    stop.abort()
    await Promise.all(running)
    for (const [i, client] of clients.entries()) {
      assert.equal((await post(instances[0], '/api/auth/refresh', client)).status, 200)
      assert.equal((await profile(instances[1], client.token)).status, 200)
      await logIn(instances[1], `user-${i}`)
    }
    // A client whose refresh was forgotten is served on: its token is ahead of the row, and only this tells.
    const client = await server.connect(t)
    const { rows } = await client.query(
      `SELECT type FROM ${new URL(url).searchParams.get('schema')}.audit_events
        WHERE type IN ('session.restored', 'session.theft')`,
    )
    assert.deepEqual(rows, [], 'no refresh was lost')
  },
)

ownPostgresTest(
  'kill -9 of an instance under load loses nothing, and the other serves on',
  async (t, server) => {
    const program = createProgram(t)
    const variables = instanceVariables(server.urlFor(t))
    const instances = [await program.start(variables), await program.start(variables)]
    const clients = await Promise.all(
      Array.from({ length: 6 }, async (_, i): Promise<HonestClient> => {
        const username = `user-${i}`
        const instance = instances[i % 2]
        assert.ok(instance)
        await post(instance, '/api/auth/register', { username, password })
        return { instances, ...(await logIn(instance, username)), refreshed: 0, seen: [] }
      }),
    )
    const stop = new AbortController()
    const running = clients.map((client) => keepRefreshing(client, stop.signal))
    for (let crash = 0; crash < 6; crash++) {
      await untilAllRefresh(clients, 5)
      const victim = crash % 2
      await instances[victim]?.stop('SIGKILL')
      await untilAllRefresh(clients, 5)
      instances[victim] = await program.start(variables)
      for (const client of clients) client.seen = []
      await untilAllRefresh(clients, 5)
      const seen = new Set(clients.flatMap((client) => client.seen))
      seen.delete('broken')
      assert.deepEqual(seen, new Set([200]))
    }
    stop.abort()
    await Promise.all(running)
  },
)

postgresTest(
  'a change whose answer is lost on the way is answered once, and happened once',
  async (t, server) => {
    const program = createProgram(t)
    const url = server.urlFor(t)
    const proxy = await startProxy(t, Number(new URL(url).port))
    const api = await program.start({ ...unlimited, DATABASE_URL: throughProxy(url, proxy) })
    const registered = proxy.cutOn(insertAccount.postgres.name, 'unanswered')
    const account = { username: 'ada', password }
    assertAway(await post(api, '/api/auth/register', account))
    assert.equal(registered.count(), 1)
    assert.equal((await fetch(`${api.url}/health/ready`)).status, 200, 'one connection is not all')
    const again = await post(api, '/api/auth/register', account)
    assert.equal(again.status, 400)
    assert.match(await again.text(), /Username already exists/)

    const login = await logIn(api, 'ada')
    for (const when of ['unanswered', 'unsent'] as const) {
      const trap = proxy.cutOn(rotateSession.postgres.name, when)
      assertAway(await post(api, '/api/auth/refresh', login))
      assert.equal(trap.count(), 1, 'it was not sent again')
      const retried = await post(api, '/api/auth/refresh', login)
      assert.equal(
        retried.status,
        200,
        'the same token goes on, whether or not the first was carried out',
      )
      Object.assign(login, await retried.json())
    }
    const client = await server.connect(t)
    const { rows } = await client.query(
      `SELECT generation::int FROM ${new URL(url).searchParams.get('schema')}.sessions`,
    )
    assert.deepEqual(rows, [{ generation: 3 }], 'two refreshes, however often they were asked for')
  },
)

postgresTest(
  'while the database cannot be heard every call says so, and none hangs',
  async (t, server) => {
    const program = createProgram(t)
    const url = server.urlFor(t)
    const proxy = await startProxy(t, Number(new URL(url).port))
    const api = await program.start({ ...unlimited, DATABASE_URL: throughProxy(url, proxy) })
    await post(api, '/api/auth/register', { username: 'ada', password })
    const login = await logIn(api, 'ada')
    for (const mode of ['hold', 'refuse'] as const) {
      proxy.mode = mode
      if (mode === 'refuse') proxy.cut()
      const calls = Array.from({ length: 30 }, (_, i) =>
        i % 3 === 0 ? profile(api, login.token) : post(api, '/api/auth/refresh', login),
      )
      for (const answer of await Promise.all(calls)) assertAway(answer)
      // A success is good for a second.
      await until(async () => (await fetch(`${api.url}/health/ready`)).status === 503, 'the news')
      assertAway(await fetch(`${api.url}/health/ready`))
      assert.equal((await fetch(`${api.url}/health/live`)).status, 200)
      proxy.mode = 'pass'
      proxy.cut()
      await until(async () => (await fetch(`${api.url}/health/ready`)).status === 200, 'the return')
      const answers = await Promise.all(
        Array.from({ length: 30 }, () => post(api, '/api/auth/refresh', login)),
      )
      const failed = answers.filter(({ status }) => status !== 200)
      assert.deepEqual(failed, [], api.output().slice(-2_000))
    }
  },
)

function throughProxy(url: string, { port }: TcpProxy): string {
  const through = new URL(url)
  through.port = `${port}`
  return `${through.href}&connect_timeout=2s&statement_timeout=2s&pool_size=4`
}

function assertAway(answer: Response): void {
  assert.equal(answer.status, 503)
  assert.ok(Number(answer.headers.get('retry-after')) > 0)
}

function instanceVariables(databaseUrl: string): Record<string, string> {
  return {
    ...unlimited,
    DATABASE_URL: `${databaseUrl}&connect_timeout=1s&statement_timeout=2s`,
    JWT_ISSUER: 'https://auth.example.com',
    LOG_LEVEL: 'silent',
  }
}

async function logIn(server: RunningServer, username: string): Promise<TokenAnswer> {
  const answer = await post(server, '/api/auth/login', { username, password, delivery: 'body' })
  assert.equal(answer.status, 200)
  return (await answer.json()) as TokenAnswer
}

function profile(server: RunningServer, token: string): Promise<Response> {
  return fetch(`${server.url}/api/users`, { headers: { authorization: `Bearer ${token}` } })
}

async function findsWhatKeepsFromStarting(
  program: Program,
  variables: Readonly<Record<string, string>>,
): Promise<void> {
  const named = { ...variables, ADMIN_USERNAME: 'ada', ADMIN_PASSWORD: 'a long enough phrase 7' }
  await program.run(['users', 'add', 'ada', '--generate'], { variables })
  const taken = await program.run(['doctor'], { variables: named })
  assert.equal(taken.code, 3)
  assert.match(taken.out, /does not administer: npx countersign users set-role ada admin/)
  const another = { ...variables, COUNTERSIGN_SECRET: `${secret}-another` }
  const sealed = await program.run(['doctor'], { variables: another })
  assert.equal(sealed.code, 3)
  assert.match(sealed.out, /sealed under another master secret: put the one/)
}
