import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, test, type TestContext } from 'node:test'
import { type Change, type Client, CountersignError, createClient } from './index.ts'
import { password, type Service, startService } from './service.fixture.ts'

const ada = { username: 'ada', password }

describe('a client', () => {
  test('registers, logs in, calls, lists and ends sessions, and logs out', async (t) => {
    const service = await startService(t)
    const client = open(t, service)
    const changes = listen(client)
    assert.equal(client.user, undefined, 'nobody has looked yet')
    assert.equal(await client.ready(), null)
    assert.equal(client.user, null)
    assert.equal((await client.register({ ...ada, email: 'ada@example.org' })).username, 'ada')
    assert.equal(client.user, null, 'registering does not log in')
    assert.equal((await client.login(ada)).username, 'ada')
    assert.equal((await client.ready())?.email, 'ada@example.org')
    assert.equal((await client.fetch('/orders')).status, 200)

    const other = open(t, service)
    await other.login(ada)
    const sessions = await client.sessions.list()
    assert.equal(sessions.length, 2)
    const theirs = sessions.find(({ current }) => !current)
    await client.sessions.end(theirs?.id ?? '')
    assert.equal((await other.fetch('/orders')).status, 401)
    assert.equal(other.user, null)

    await client.logout()
    assert.equal(client.user, null)
    assert.equal((await client.fetch('/orders')).status, 401)
    assert.equal(await client.accessToken(), undefined)
    assert.deepEqual(changes, ['signed_in ada', 'signed_out -'])
  })

  test('tells failures by the server’s code', async (t) => {
    const service = await startService(t)
    const client = open(t, service)
    await client.register(ada)
    await rejects(client.register(ada), 'username_taken', 400)
    await rejects(client.login({ ...ada, password: 'wrong' }), 'invalid_credentials', 401)
    await rejects(client.register({ username: 'a', password }), 'invalid_request', 400)
    await rejects(client.sessions.list(), 'no_token', 401)
    service.unplug()
    await rejects(client.login(ada), 'network', 0)
  })

  test('refuses a URL that is none', () => {
    assert.throws(() => createClient(), TypeError)
    assert.throws(() => createClient({ url: 'localhost' }), TypeError)
    assert.throws(() => createClient({ url: 'data:,x' }), TypeError)
  })

  test('refuses an origin that would match nothing, or stand for more than it says', async (t) => {
    const url = 'https://auth.example.com'
    const wrong = `* null api.example.com https://api.example.com/v1 data:,x //x
      https://user@api.example.com https://api.example.com?x https://*.example.com`
    for (const origin of ['', ...wrong.split(/\s+/)]) {
      assert.throws(() => createClient({ url, origins: [origin] }), TypeError, origin)
    }
    const service = await startService(t)
    const client = open(t, service, { origins: ['HTTPS://api.example.com:443/'] })
    assert.equal(await client.ready(), null)
  })

  test('changes the password and goes on, while other sessions end', async (t) => {
    const service = await startService(t)
    const [client, other] = [open(t, service), open(t, service)]
    await client.register(ada)
    await client.login(ada)
    await other.login(ada)
    const change = { currentPassword: password, newPassword: 'another phrase 4711' }
    await client.changePassword(change)
    const before = count(service, 'refresh')
    assert.equal((await client.fetch('/orders')).status, 200)
    assert.equal(count(service, 'refresh'), before, 'the new token is in use already')
    assert.equal((await other.fetch('/orders')).status, 401)
    await rejects(client.changePassword(change), 'invalid_password', 400)
    assert.notEqual(client.user, null, 'a wrong password logs nobody out')
  })
})

describe('the access token', () => {
  test('is refreshed once for any number of calls when it is refused', async (t) => {
    const service = await startService(t)
    const client = open(t, service)
    await client.register(ada)
    await client.login(ada)
    service.pass(20 * 60)
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => client.fetch('/orders', { method: 'POST', body: 'tea' })),
    )
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200])
    assert.equal(await answers[0]?.text(), 'tea', 'the body is sent again')
    assert.equal(count(service, 'refresh'), 1)
  })

  test('is refreshed before a call when little of its life is left', async (t) => {
    const service = await startService(t, { jwtExpiresIn: '10s' })
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
    const client = open(t, service)
    await client.register(ada)
    await client.login(ada)
    t.mock.timers.tick(9_000)
    assert.equal((await client.fetch('/orders')).status, 200)
    assert.equal(count(service, '/orders'), 1, 'it was not refused first')
    assert.equal(count(service, 'refresh'), 1)
  })

  test('is refreshed when the clock was set back, and nothing is known of its life', async (t) => {
    const service = await startService(t)
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
    const client = open(t, service)
    await client.register(ada)
    await client.login(ada)
    t.mock.timers.setTime(Date.now() - 3_600_000)
    service.pass(3_600_000 / 1000 + 60)
    assert.equal((await client.fetch('/orders')).status, 200)
    assert.equal(count(service, 'refresh'), 1)
  })

  test('is tried once more and not again', async (t) => {
    const service = await startService(t)
    const client = open(t, service)
    await client.register(ada)
    await client.login(ada)
    const refusing = createServer((request, response) => {
      seen.push(request.headers.authorization)
      response.writeHead(401).end()
    }).listen(0, '127.0.0.1')
    const seen: (string | undefined)[] = []
    await once(refusing, 'listening')
    t.after(() => refusing.close())
    const origin = `http://127.0.0.1:${(refusing.address() as AddressInfo).port}`
    const trusting = open(t, service, { origins: [origin] })
    await trusting.login(ada)
    assert.equal((await trusting.fetch(`${origin}/x`)).status, 401)
    assert.equal(seen.length, 2)
    assert.notEqual(seen[0], seen[1])
    assert.ok(trusting.user, 'what another service refuses logs nobody out')
  })

  test('is not refreshed for a service that asks for a new log-in', async (t) => {
    const service = await startService(t)
    const strict = createServer((_request, response) => {
      const challenge = 'Bearer error="insufficient_user_authentication", max_age=60'
      response.writeHead(401, { 'www-authenticate': challenge }).end()
    }).listen(0, '127.0.0.1')
    await once(strict, 'listening')
    t.after(() => strict.close())
    const origin = `http://127.0.0.1:${(strict.address() as AddressInfo).port}`
    const client = open(t, service, { origins: [origin] })
    await client.register(ada)
    await client.login(ada)
    assert.equal((await client.fetch(origin)).status, 401)
    assert.equal(count(service, 'refresh'), 0)
  })

  test('goes to no origin that was not named', async (t) => {
    const service = await startService(t)
    const seen: (string | undefined)[] = []
    const stranger = createServer((request, response) => {
      seen.push(request.headers.authorization)
      response.end()
    }).listen(0, '127.0.0.1')
    await once(stranger, 'listening')
    t.after(() => stranger.close())
    const { port } = stranger.address() as AddressInfo
    const client = open(t, service)
    await client.register(ada)
    await client.login(ada)
    await client.fetch(`http://127.0.0.1:${port}/`)
    await client.fetch(new Request(`http://localhost:${port}/`))
    await client.fetch(new URL(`//127.0.0.1:${port}/`, service.url))
    assert.deepEqual(seen, [undefined, undefined, undefined])
  })

  test('is not sent twice with a body that is a stream', async (t) => {
    const service = await startService(t)
    const client = open(t, service)
    await client.register(ada)
    await client.login(ada)
    service.pass(20 * 60)
    const stream = new Blob(['tea']).stream()
    const init = { method: 'POST', body: stream, duplex: 'half' } as RequestInit
    assert.equal((await client.fetch('/orders', init)).status, 401)
    const again = { ...init, body: new Blob(['tea']).stream() } as RequestInit
    assert.equal((await client.fetch('/orders', again)).status, 401, 'nobody refreshed meanwhile')
    assert.equal((await client.fetch('/orders')).status, 200)
  })
})

describe('on a bad network', () => {
  test('a client whose calls hang keeps no other one waiting', async (t) => {
    const service = await startService(t)
    const { promise: isAsking, resolve: ask } = Promise.withResolvers<void>()
    const hanging = createClient({
      url: service.url,
      fetch: () => {
        ask()
        return new Promise(() => undefined)
      },
    })
    void hanging.login(ada)
    await isAsking
    // Each has a refresh token of its own: one program may keep the sessions of many.
    const client = open(t, service)
    await client.register(ada)
    assert.equal((await client.login(ada)).username, 'ada')
  })

  test('a lost answer to a refresh is asked for again, and logs nobody out', async (t) => {
    const service = await startService(t)
    const client = open(t, service)
    await client.register(ada)
    await client.login(ada)
    for (let round = 0; round < 3; round++) {
      service.pass(20 * 60)
      service.loseAnswers(2, 'refresh')
      assert.equal((await client.fetch('/orders')).status, 200)
    }
    assert.equal(count(service, 'refresh'), 9)
  })

  test('offline is no log-out: calls fail, and go on later', async (t) => {
    const service = await startService(t)
    const client = open(t, service)
    const changes = listen(client)
    await client.register(ada)
    await client.login(ada)
    service.pass(20 * 60)
    service.unplug()
    await assert.rejects(client.fetch('/orders'))
    assert.equal(client.user?.username, 'ada')
    service.plugIn()
    assert.equal((await client.fetch('/orders')).status, 200)
    assert.deepEqual(changes, ['signed_in ada'])
  })

  test('what somebody else answers in the server’s place changes nothing', async (t) => {
    const service = await startService(t)
    let answerInstead: (() => Response) | undefined
    const client = open(t, service, {
      fetch: (input: string | URL | Request, init?: RequestInit) =>
        answerInstead && typeof input === 'string' && input.includes('/api/')
          ? Promise.resolve(answerInstead())
          : fetch(input, init),
    })
    const changes = listen(client)
    await client.register(ada)
    await client.login(ada)
    service.pass(20 * 60)
    const json = { headers: { 'content-type': 'application/json' } }
    const good = { token: 'a', accessToken: 'a', tokenType: 'Bearer', csrfToken: 'c' }
    for (const [body, init] of [
      ['<h1>Log in to the wireless network</h1>', {}],
      ['{"code":401,"message":"Unauthorized"}', { ...json, status: 401 }],
      ['{}', json],
      ['null', json],
      [JSON.stringify({ ...good, expiresIn: 900 }), json],
      [JSON.stringify({ ...good, expiresIn: '900', user: { id: 'x' } }), json],
    ] as const) {
      answerInstead = () => new Response(body, init)
      await assert.rejects(
        client.fetch('/orders'),
        (error) => error instanceof CountersignError && error.code === 'network',
        body,
      )
      assert.equal(client.user?.username, 'ada', body)
    }
    const refusal = '{"code":401,"message":"Unauthorized"}'
    answerInstead = () => new Response(refusal, { ...json, status: 401 })
    await rejects(client.logout(), 'network', 401)
    answerInstead = undefined
    assert.equal((await client.fetch('/orders')).status, 200)
    assert.deepEqual(changes, ['signed_in ada'])
  })

  test('an answer that lacks its body is none', async (t) => {
    const service = await startService(t)
    let body: string | undefined
    const client = open(t, service, {
      fetch: (input: string | URL | Request, init?: RequestInit) =>
        body === undefined ? fetch(input, init) : Promise.resolve(new Response(body)),
    })
    await client.register(ada)
    await client.login(ada)
    for (body of ['', 'null', '"ok"', '[]']) {
      await rejects(client.register(ada), 'network', 200)
      await rejects(client.sessions.list(), 'network', 200)
      await rejects(client.login(ada), 'network', 200)
      const change = { currentPassword: password, newPassword: 'another phrase 4711' }
      await rejects(client.changePassword(change), 'network', 200)
    }
    body = undefined
    assert.equal((await client.fetch('/orders')).status, 200)
  })

  test('whoever gives up need not wait for a refresh that hangs, which goes on for others', async (t) => {
    const service = await startService(t)
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    const client = open(t, service, {
      fetch: async (input: string | URL | Request, init?: RequestInit) => {
        if (typeof input === 'string' && input.endsWith('/refresh')) await released
        return fetch(input, init)
      },
    })
    await client.register(ada)
    await client.login(ada)
    service.pass(20 * 60)
    const patient = client.fetch('/orders')
    const hasty = new AbortController()
    const abandoned = client.fetch('/orders', { signal: hasty.signal })
    while (count(service, '/orders') < 2) await new Promise((resolve) => setTimeout(resolve, 5))
    hasty.abort()
    await assert.rejects(abandoned, { name: 'AbortError' })
    await assert.rejects(client.fetch('/orders', { signal: hasty.signal }), { name: 'AbortError' })
    release()
    assert.equal((await patient).status, 200)
    assert.equal(count(service, 'refresh'), 1)
  })

  test('an answer that comes hours late is superseded', async (t) => {
    const service = await startService(t)
    let kept: string | undefined
    const client = open(t, service, {
      onRefreshToken: (token: string | undefined) => (kept = token),
    })
    await client.register(ada)
    await client.login(ada)
    const early = kept
    service.pass(20 * 60)
    // The refresh reaches the server, whose answer is lost, and this process is restarted hours later.
    service.loseAnswers(3, 'refresh')
    const unwilling = open(t, service, { refreshToken: early })
    await rejects(unwilling.ready(), 'network', 0)
    service.pass(3 * 3600)
    const later = open(t, service, { refreshToken: early })
    assert.equal((await later.ready())?.username, 'ada')
  })

  test('a log-out that does not arrive is no log-out', async (t) => {
    const service = await startService(t)
    const client = open(t, service)
    await client.register(ada)
    await client.login(ada)
    service.unplug()
    await rejects(client.logout(), 'network', 0)
    assert.equal(client.user?.username, 'ada')
    service.plugIn()
    await client.logout()
    assert.equal(client.user, null)
  })
})

describe('the end of a session', () => {
  test('is told once, whoever ended it', async (t) => {
    const service = await startService(t)
    const client = open(t, service)
    const changes = listen(client)
    await client.register(ada)
    const { id } = await client.login(ada)
    await service.auth.accounts.setDisabled(id, true)
    const answers = await Promise.all([client.fetch('/orders'), client.fetch('/orders')])
    assert.deepEqual(
      answers.map(({ status }) => status),
      [401, 401],
    )
    assert.deepEqual(changes, ['signed_in ada', 'ended -'])
  })

  test('is told when a stolen token was used', async (t) => {
    const service = await startService(t)
    const tokens: (string | undefined)[] = []
    const client = open(t, service, {
      onRefreshToken: (token: string | undefined) => tokens.push(token),
    })
    await client.register(ada)
    await client.login(ada)
    const thief = open(t, service, { refreshToken: tokens[0] })
    service.pass(20 * 60)
    await client.fetch('/orders')
    service.pass(20 * 60)
    await client.fetch('/orders')
    assert.equal(await thief.ready(), null, 'superseded: the session ends')
    assert.equal((await client.fetch('/orders')).status, 401)
    assert.equal(client.user, null)
    assert.equal(tokens.at(-1), undefined, 'nothing is kept')
  })

  test('a listener that throws keeps no other from hearing', async (t) => {
    const service = await startService(t)
    const client = open(t, service)
    const failures: unknown[] = []
    // Before the test runner, which would take it for its own.
    process.setUncaughtExceptionCaptureCallback((error) => failures.push(error))
    t.after(() => process.setUncaughtExceptionCaptureCallback(null))
    client.onChange(() => {
      throw new Error('mine')
    })
    const changes = listen(client)
    await client.register(ada)
    await client.login(ada)
    assert.deepEqual(changes, ['signed_in ada'])
    while (failures.length === 0) await new Promise((resolve) => setImmediate(resolve))
    assert.match(String(failures[0]), /mine/)
  })
})

function open(t: TestContext, { url }: Service, more: object = {}): Client {
  const client = createClient({ url, ...more })
  t.after(() => client.close())
  return client
}

function listen(client: Client): string[] {
  const changes: string[] = []
  client.onChange(({ user, reason }: Change) => changes.push(`${reason} ${user?.username ?? '-'}`))
  return changes
}

function count(service: Service, path: string): number {
  return service.calls.filter((call) => call === path).length
}

async function rejects(work: Promise<unknown>, code: string, status: number): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof CountersignError)
    assert.deepEqual([error.code, error.status], [code, status])
    return true
  })
}
