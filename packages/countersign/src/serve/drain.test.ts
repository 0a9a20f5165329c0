import assert from 'node:assert/strict'
import { Agent, type ClientRequest, request } from 'node:http'
import { once } from 'node:events'
import { test } from 'node:test'
import { generousLimits, logIn, refresh, register, until } from '../caller.fixture.ts'
import { createProgram, type RunningServer } from '../program.fixture.ts'
import { drainLimitMs } from './drain.ts'

const password = 'a long enough phrase 7'

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} under load answers every request that was received, and keeps what it answered`, async (t) => {
    const program = createProgram(t)
    const server = await program.start({ ...generousLimits, JWT_ISSUER: 'http://localhost:3000' })
    await register(server.url, 'ada', password)
    const { refreshToken } = await logIn(server.url, 'ada', password)
    // Log-ins wait for one another to hash: after the first answer the others are running.
    const logins = Array.from({ length: 12 }, () => sendLogin(server))
    await Promise.race(logins)
    const refreshing = refresh(server.url, refreshToken)
    await refreshing
    const stopped = server.stop(signal)
    const answers = await Promise.all(logins)
    assert.equal(await stopped, 0)
    // Busy is an answer, too, and says when to come back.
    assert.ok(answers.every(({ status }) => status === 200 || status === 503))
    assert.match(server.output(), /Stopping: running requests are finished first/)
    const next = await program.start({ ...generousLimits, JWT_ISSUER: 'http://localhost:3000' })
    const granted = answers.filter(({ status }) => status === 200)
    assert.ok(granted.length > 0)
    const kept = [
      (await refreshing).refreshToken,
      ...granted.map(({ refreshToken: token }) => token),
    ]
    for (const token of kept) assert.equal((await refresh(next.url, token)).status, 200)
  })
}

test('a service that follows the revocations holds up no stop: its stream ends whole', async (t) => {
  const program = createProgram(t)
  const added = await program.run(['services', 'add', 'shop', '--json'])
  const { id, secret } = JSON.parse(added.out)
  const server = await program.start()
  const headers = {
    accept: 'text/event-stream',
    authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
  }
  const stream = await fetch(`${server.url}/api/auth/revocations`, { headers })
  assert.equal(stream.status, 200)
  const read = stream.text()
  const before = performance.now()
  assert.equal(await server.stop(), 0)
  assert.ok(performance.now() - before < drainLimitMs / 2)
  assert.match(await read, /^event: revocations\n/)
})

const hasShell = { skip: process.platform === 'win32' && 'npm runs things in another shell there' }
test(
  'ends with the npm that started it, whose signal the shell between them keeps',
  hasShell,
  async (t) => {
    const program = createProgram(t)
    const npm = ['sh', '-c', 'exec npm exec --offline --call "$*"', 'sh']
    const server = await program.start({}, npm)
    // Its output is closed when nothing runs any more that could write to it.
    await server.stop('SIGTERM')
    assert.match(server.output(), /Stopping: running requests are finished first/)
    await assert.rejects(fetch(`${server.url}/health/live`))
  },
)

test('a second signal ends the program at once', async (t) => {
  const program = createProgram(t)
  const server = await program.start()
  const held = await holdRequest(server)
  const broken = once(held, 'error')
  const stopped = server.stop('SIGTERM')
  await until(() => server.output().includes('Stopping'))
  server.child.kill('SIGTERM')
  assert.equal(await stopped, 1)
  await broken
})

test('under npm, which passes a Ctrl-C on once more, the second cuts nothing and the third does', async (t) => {
  const program = createProgram(t)
  for (const signals of [2, 3]) {
    const server = await program.start({ npm_lifecycle_event: 'start' })
    const held = await holdRequest(server)
    const answered = once(held, 'response').then(
      () => 'answered',
      () => 'cut',
    )
    const stopped = server.stop('SIGINT')
    await until(() => server.output().includes('Stopping'))
    server.child.kill('SIGINT')
    // Another one, because of two alike that wait at the same time the system makes one.
    if (signals === 3) server.child.kill('SIGTERM')
    held.end('{"username":"ada","password":"a long enough phrase 7"}')
    assert.equal(await answered, signals === 2 ? 'answered' : 'cut')
    assert.equal(await stopped, signals === 2 ? 0 : 1)
  }
})

/** A request that runs until its body is sent. The program asks for that as soon as it has the head. */
async function holdRequest(server: RunningServer): Promise<ClientRequest> {
  const headers = { 'content-type': 'application/json', 'content-length': 54 }
  const held = request(`${server.url}/api/auth/login`, {
    method: 'POST',
    headers: { ...headers, expect: '100-continue' },
    agent: new Agent(),
  })
  held.flushHeaders()
  await once(held, 'continue')
  return held
}

interface LoginAnswer {
  readonly status: number | undefined
  readonly refreshToken: string
}

/** On a connection of its own, so that none is waiting for a socket when the signal comes. */
function sendLogin(server: RunningServer): Promise<LoginAnswer> {
  return new Promise((resolve, reject) => {
    const body = JSON.stringify({ username: 'ada', password, delivery: 'body' })
    const headers = { 'content-type': 'application/json', 'content-length': body.length }
    const url = `${server.url}/api/auth/login`
    const sent = request(url, { method: 'POST', headers, agent: new Agent() }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response.on('error', reject)
      response.on('end', () => resolve({ ...JSON.parse(text), status: response.statusCode }))
    })
    sent.on('error', reject)
    sent.end(body)
  })
}
