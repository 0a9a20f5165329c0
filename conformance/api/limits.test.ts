import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { AuditEvent } from '@countersign/server'
import { type Answer, call } from '../client/call.fixture.ts'
import {
  administrator,
  logIn,
  newcomer,
  profileOf,
  refreshByBody,
  register,
} from '../client/people.fixture.ts'
import { assertProblem } from '../client/problem.fixture.ts'
import {
  behindEachDoor,
  type Door,
  type HostParts,
  newName,
  newPassword,
  startTarget,
  type Target,
  type Variables,
} from '../targets/target.fixture.ts'

async function start(
  t: TestContext,
  variables: Variables,
  door: Door = 'express',
  parts: HostParts = {},
): Promise<Target> {
  const target = await startTarget(door, variables, parts)
  t.after(() => target.stop())
  return target
}

function limitsOf({ headers }: Answer): (number | undefined)[] {
  return ['ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset'].map((name) =>
    headers[name] === undefined ? undefined : Number(headers[name]),
  )
}

/** 429 with everything that a client needs to come back in time. */
function assertLimited(answer: Answer, variable: string, atMostSeconds: number): void {
  const message = `Too many requests (${variable} sets this limit)`
  assertProblem(answer, 429, 'too_many_requests', message)
  const retryAfter = Number(answer.headers['retry-after'])
  assert.ok(retryAfter >= 1 && retryAfter <= atMostSeconds, `Retry-After ${retryAfter}`)
  const [limit = 0, remaining, reset = 0] = limitsOf(answer)
  assert.ok(limit >= 1)
  assert.equal(remaining, 0)
  assert.ok(reset >= 1 && reset <= atMostSeconds)
}

const read = (target: Target, options = {}): Promise<Answer> =>
  call(target, '/api/users/public', options)

const failToLogIn = (target: Target, username: string): Promise<Answer> =>
  call(target, '/api/auth/login', { json: { username, password: 'wrong' } })

const newcomerWish = (): object => ({ username: newName(), password: newPassword() })

for (const door of ['program', 'express'] as const) {
  test(`anonymous calls are limited per address, announced in every answer, and refused with 429: ${door} (v5.0.0-6.1.1, v5.0.0-2.4.1)`, async (t) => {
    const target = await start(t, { RATE_LIMIT_ANONYMOUS: '5/15m' }, door)
    for (const remaining of [4, 3, 2, 1, 0]) {
      const answer = await read(target)
      assert.equal(answer.status, 200)
      assert.deepEqual(limitsOf(answer).slice(0, 2), [5, remaining])
    }
    assertLimited(await read(target), 'RATE_LIMIT_ANONYMOUS', 900)
    assertLimited(await call(target, '/api/users'), 'RATE_LIMIT_ANONYMOUS', 900)
    assertLimited(await call(target, '/api/users', { token: 'bad' }), 'RATE_LIMIT_ANONYMOUS', 900)
    const login = await call(target, '/api/auth/login', { json: target.administrator })
    assertLimited(login, 'RATE_LIMIT_ANONYMOUS', 900)
  })
}

test('health, keys, metadata and the document are never counted', async (t) => {
  const target = await start(t, { RATE_LIMIT_ANONYMOUS: '1/15m' }, 'program')
  await read(target)
  assert.equal((await read(target)).status, 429)
  const paths = ['/health/live', '/health/ready', '/.well-known/jwks.json', '/openapi.json']
  for (const path of [...paths, '/.well-known/oauth-authorization-server']) {
    const answer = await call(target, path)
    assert.equal(answer.status, 200, path)
    assert.deepEqual(limitsOf(answer), [undefined, undefined, undefined])
  }
})

test('calls with a token count for the user, wherever they come from, and not for the address', async (t) => {
  const target = await start(t, { RATE_LIMIT_ANONYMOUS: '6/15m', RATE_LIMIT_USER: '3/1m' })
  const first = await newcomer(target)
  const second = await newcomer(target)
  for (const remaining of [2, 1, 0]) {
    const answer = await profileOf(target, first.token)
    assert.deepEqual(limitsOf(answer).slice(0, 2), [3, remaining])
  }
  assertLimited(await profileOf(target, first.token), 'RATE_LIMIT_USER', 60)
  assert.equal((await profileOf(target, second.token)).status, 200)
  assert.equal((await read(target)).status, 200, 'four anonymous calls were made before')
})

test('a refresh with a good token counts for its session, so an office behind one address is not refused', async (t) => {
  const target = await start(t, { RATE_LIMIT_ANONYMOUS: '5/15m', RATE_LIMIT_USER: '3/1m' })
  const first = await newcomer(target)
  const second = await newcomer(target)
  await read(target)
  assert.equal((await read(target)).status, 429)
  const csrf = ({ cookie }: { cookie: string }) => call(target, '/api/auth/csrf', { cookie })
  assert.equal((await refreshByBody(target, first.refreshToken)).status, 200)
  assert.equal((await csrf(first)).status, 200)
  assert.equal((await csrf(first)).status, 200)
  assertLimited(await refreshByBody(target, first.refreshToken), 'RATE_LIMIT_USER', 60)
  assert.equal((await refreshByBody(target, second.refreshToken)).status, 200)
  assertLimited(await refreshByBody(target, 'forged'), 'RATE_LIMIT_ANONYMOUS', 900)
  const logout = { json: { refreshToken: second.refreshToken } }
  assert.equal((await call(target, '/api/auth/logout', logout)).status, 204)
})

for (const door of ['program', 'express'] as const) {
  test(`failed log-ins are limited per account and address, exactly, in parallel too: ${door} (v5.0.0-6.3.1, v5.0.0-6.1.1)`, async (t) => {
    const target = await start(t, { RATE_LIMIT_LOGIN: '10/15m' }, door)
    const victim = await register(target)
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => failToLogIn(target, victim.username)),
    )
    const counts = Map.groupBy(answers, ({ status }) => status)
    const attempts = (counts.get(401)?.length ?? 0) + (counts.get(503)?.length ?? 0)
    assert.ok(attempts <= 30 && (counts.get(401)?.length ?? 0) <= 10)
    for (const answer of counts.get(429) ?? []) assertLimited(answer, 'RATE_LIMIT_LOGIN', 900)
    if (!counts.has(503))
      assert.deepEqual([counts.get(401)?.length, counts.get(429)?.length], [10, 20])
    while ((await failToLogIn(target, victim.username)).status !== 429);
    const good = { json: { username: victim.username.toUpperCase(), password: victim.password } }
    assertLimited(await call(target, '/api/auth/login', good), 'RATE_LIMIT_LOGIN', 900)
    assert.equal((await failToLogIn(target, newName())).status, 401, 'another account is free')
  })
}

test('the limit of log-ins cannot be passed by another spelling of the name', async (t) => {
  const target = await start(t, { RATE_LIMIT_LOGIN: '3/15m' })
  const username = `${newName()}k`
  const spellings = [username, username.toUpperCase(), username.replace('u', 'ｕ')]
  for (const spelling of spellings) assert.equal((await failToLogIn(target, spelling)).status, 401)
  for (const spelling of [...spellings, username.replace('k', '\u212a')]) {
    assertLimited(await failToLogIn(target, spelling), 'RATE_LIMIT_LOGIN', 900)
  }
})

test('a successful log-in gives its attempt back, and an unknown name is counted like a known one', async (t) => {
  const target = await start(t, { RATE_LIMIT_LOGIN: '3/15m' })
  const person = await register(target)
  for (let time = 0; time < 5; time++) await logIn(target, person)
  const statuses = async (username: string) => {
    const found: number[] = []
    for (let time = 0; time < 4; time++) found.push((await failToLogIn(target, username)).status)
    return found
  }
  assert.deepEqual(await statuses(person.username), [401, 401, 401, 429])
  assert.deepEqual(await statuses(newName()), [401, 401, 401, 429])
})

test('failed log-ins are remembered over a restart, and forgotten when their window ends', async (t) => {
  let ahead = 0
  const clock = (): number => Date.now() + ahead
  const target = await start(t, { RATE_LIMIT_LOGIN: '2/15m' }, 'express', { clock })
  const username = newName()
  await failToLogIn(target, username)
  await failToLogIn(target, username)
  const second = await start(
    t,
    { RATE_LIMIT_LOGIN: '2/15m', DATABASE_URL: `sqlite:${target.databaseFile}` },
    'express',
    { clock },
  )
  assertLimited(await failToLogIn(second, username), 'RATE_LIMIT_LOGIN', 900)
  ahead = 900_000
  assert.equal((await failToLogIn(second, username)).status, 401)
})

test('attempts at the current password are limited, and lock out neither the session nor the log-in', async (t) => {
  const target = await start(t, { RATE_LIMIT_LOGIN: '3/15m' })
  const person = await newcomer(target)
  const change = (currentPassword: string) =>
    call(target, '/api/auth/password', {
      json: { currentPassword, newPassword: newPassword() },
      token: person.token,
    })
  for (let time = 0; time < 3; time++) {
    assertProblem(await change('wrong'), 400, 'invalid_password')
  }
  assertLimited(await change(person.password), 'RATE_LIMIT_LOGIN', 900)
  assert.equal((await profileOf(target, person.token)).status, 200)
  await logIn(target, person)
})

test('registrations are limited per address; those that are refused for their form are not counted', async (t) => {
  const target = await start(t, { RATE_LIMIT_REGISTER: '3/1h' })
  const tryRegister = (body: object) => call(target, '/api/auth/register', { json: body })
  for (let time = 0; time < 5; time++) {
    assert.equal((await tryRegister({ ...newcomerWish(), username: '!' })).status, 400)
  }
  for (let time = 0; time < 3; time++) assert.equal((await tryRegister(newcomerWish())).status, 201)
  assertLimited(await tryRegister(newcomerWish()), 'RATE_LIMIT_REGISTER', 3600)
  const { token } = await administrator(target)
  const made = await call(target, '/api/users', { json: newcomerWish(), token })
  assert.equal(made.status, 201, 'administrators are not limited by it')
})

test('without configuration the limits are those that README.md names (v5.0.0-6.1.1)', async (t) => {
  const unset = { RATE_LIMIT_ANONYMOUS: '', RATE_LIMIT_USER: '' }
  const target = await start(t, { ...unset, RATE_LIMIT_LOGIN: '', RATE_LIMIT_REGISTER: '' })
  const person = await newcomer(target)
  const [anonymous, , window] = limitsOf(await read(target))
  assert.deepEqual([anonymous, (window ?? 0) > 890], [100, true])
  const [user, , minute] = limitsOf(await profileOf(target, person.token))
  assert.deepEqual([user, (minute ?? 0) > 50], [1000, true])
  for (let time = 0; time < 10; time++) {
    assert.equal((await failToLogIn(target, person.username)).status, 401)
  }
  assertLimited(await failToLogIn(target, person.username), 'RATE_LIMIT_LOGIN', 900)
  for (let time = 0; time < 19; time++) await register(target)
  const json = { username: newName(), password: newPassword() }
  const refused = await call(target, '/api/auth/register', { json })
  assertLimited(refused, 'RATE_LIMIT_REGISTER', 3600)
})

behindEachDoor(
  {
    doors: ['program'],
    variables: {
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      RATE_LIMIT_ANONYMOUS: '1/15m',
    },
  },
  (target) => {
    test('in production a 429 names no variable', async () => {
      await read(target())
      assertProblem(await read(target()), 429, 'too_many_requests', 'Too many requests')
    })
  },
)

test('whoever is over the limit makes no more audit events: they would fill the disk', async (t) => {
  const events: AuditEvent[] = []
  const onEvent = (event: AuditEvent): void => {
    events.push(event)
  }
  const target = await start(t, { RATE_LIMIT_ANONYMOUS: '5/15m' }, 'express', { onEvent })
  const foreign = { origin: 'https://evil.example' }
  const calls = ['/api/auth/refresh', '/api/auth/logout', '/api/auth/csrf'].flatMap((path) =>
    Array.from({ length: 20 }, () => path),
  )
  for (const path of calls) {
    const method = path.endsWith('csrf') ? 'GET' : 'POST'
    await call(target, path, { method, cookie: 'refreshToken=x', headers: foreign })
  }
  const types = Map.groupBy(events, ({ type }) => type)
  assert.equal(types.get('csrf.refused')?.length, 5)
  assert.equal(types.get('limit.exceeded')?.length, 1)
})

test('a refresh or log-out that cannot even be read counts as anonymous', async (t) => {
  const target = await start(t, { RATE_LIMIT_ANONYMOUS: '3/15m' })
  for (const path of ['/api/auth/refresh', '/api/auth/logout', '/api/auth/refresh']) {
    assertProblem(await call(target, path, { json: { refreshToken: 1 } }), 400, 'invalid_request')
  }
  const malformed = { body: '{', headers: { 'content-type': 'application/json' } }
  for (const options of [malformed, { body: '{}' }, { json: [] }]) {
    const answer = await call(target, '/api/auth/refresh', options)
    assertLimited(answer, 'RATE_LIMIT_ANONYMOUS', 900)
  }
})

test('more log-ins at once than can be hashed get 503 with Retry-After, an unknown name like any other (v5.0.0-15.2.2, v5.0.0-15.1.3)', async (t) => {
  // One thread hashes, so that the queue is full on a machine of any size.
  const target = await start(t, { UV_THREADPOOL_SIZE: '1' }, 'program')
  const answers = await Promise.all(
    Array.from({ length: 400 }, () => failToLogIn(target, newName())),
  )
  const counts = Map.groupBy(answers, ({ status }) => status)
  assert.deepEqual(new Set(counts.keys()), new Set([401, 503]))
  for (const answer of counts.get(503) ?? []) {
    assertProblem(answer, 503, 'busy')
    assert.ok(Number(answer.headers['retry-after']) >= 1)
  }
  assert.equal((await call(target, '/health/ready')).status, 200)
  assert.equal((await failToLogIn(target, newName())).status, 401)
})
