import assert from 'node:assert/strict'
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer, connect } from 'node:net'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createProgram, type RunningServer } from '../program.fixture.ts'

const json = { 'content-type': 'application/json' }
const password = 'a long enough phrase 7'

test('starts with no configuration, and says where everything is', async (t) => {
  const program = createProgram(t)
  const server = await program.start()
  const said = server.output()
  assert.match(said, /Countersign \d+\.\d+\.\d+ is ready/)
  assert.match(said, /Documentation\s+http:\/\/localhost:\d+\/docs/)
  assert.match(said, /npx countersign users add <username> --admin/)
  assert.ok(said.includes(join(program.directory, 'data/countersign.db')))
  const ready = await fetch(`${server.url}/health/ready`)
  assert.equal(ready.status, 200)
  const modes = readdirSync(join(program.directory, 'data')).map(
    (name) => statSync(join(program.directory, 'data', name)).mode & 0o777,
  )
  assert.ok(modes.length >= 2)
  assert.ok(modes.every((mode) => mode === 0o600))
  assert.deepEqual(readdirSync(program.directory), ['data'], 'nothing else is written')
})

test('sends nobody to the key set for a secret that is shared', async (t) => {
  const program = createProgram(t)
  const keys = await program.start()
  assert.match(keys.output(), /ES256, keys at http:\S+\/\.well-known\/jwks\.json/)
  await keys.stop()
  const shared = await program.start({ JWT_SECRET: 'Xq3-vN8_pL5tRz0kYw7bHc2mGd9sJf4a' })
  assert.match(shared.output(), /HS256, verified with JWT_SECRET$/m)
  assert.doesNotMatch(shared.output(), /keys at/)
})

const readsProc = { skip: process.platform !== 'linux' && 'it reads /proc' }
test(
  'has one arena for all its threads, and a thread of the pool for the disk, unless told otherwise',
  readsProc,
  async (t) => {
    const program = createProgram(t)
    const server = await program.start()
    const given = environmentOf(server)
    assert.ok(given.includes('MALLOC_ARENA_MAX=1'))
    assert.ok(given.includes(`UV_THREADPOOL_SIZE=${availableParallelism() + 3}`))
    await server.stop()
    const own = environmentOf(
      await program.start({ MALLOC_ARENA_MAX: '3', UV_THREADPOOL_SIZE: '7' }),
    )
    assert.ok(own.includes('MALLOC_ARENA_MAX=3'))
    assert.ok(own.includes('UV_THREADPOOL_SIZE=7'))
  },
)

test(
  'bounds the spaces of young and old objects, and stays the process it was',
  readsProc,
  async (t) => {
    const program = createProgram(t)
    for (const words of [['start'], []]) {
      const server = await program.start({}, [], words)
      for (const bound of ['--max-semi-space-size=8', '--heap-growing-percent=50']) {
        assert.ok(argumentsOf(server).includes(bound), `${bound} of "${words.join(' ')}"`)
      }
      assert.equal(await server.stop(), 0)
    }
    const own = await program.start({ NODE_OPTIONS: '--max-semi-space-size=4' })
    assert.ok(argumentsOf(own).every((word) => !word.includes('semi-space')))
  },
)

test('loads no client for HTTP, which is a part of the start and of the memory of many', async (t) => {
  const program = createProgram(t)
  const [script, list] = ['list.cjs', 'modules'].map((name) => join(program.directory, name))
  const write = `require('fs').writeFileSync(${JSON.stringify(list)}, process.moduleLoadList.join('\\n'))`
  writeFileSync(script ?? '', `process.on('exit', () => ${write})`)
  const server = await program.start({ NODE_OPTIONS: `--require ${script}` })
  assert.equal((await fetch(`${server.url}/health/ready`)).status, 200)
  assert.equal(await server.stop(), 0)
  const loaded = readFileSync(list ?? '', 'utf8').split('\n')
  assert.ok(loaded.includes('NativeModule _http_server'))
  assert.deepEqual(
    loaded.filter((name) => name.includes('undici')),
    [],
  )
})

test('keeps everything over a restart', async (t) => {
  const program = createProgram(t)
  const first = await program.start()
  const credentials = { username: 'ada', password, delivery: 'body' }
  await post(first.url, '/api/auth/register', { username: 'ada', password })
  const login = await post(first.url, '/api/auth/login', credentials)
  const answer = (await login.json()) as { refreshToken: string; token: string }
  await post(first.url, '/api/auth/logout', { refreshToken: answer.refreshToken })
  const again = await post(first.url, '/api/auth/login', credentials)
  const alive = (await again.json()) as { refreshToken: string; token: string }
  assert.equal(await first.stop(), 0)

  const { port } = new URL(first.url)
  const second = await program.start({ PORT: port })
  const profile = (token: string) =>
    fetch(`${second.url}/api/users`, { headers: { authorization: `Bearer ${token}` } })
  assert.equal((await profile(alive.token)).status, 200, 'keys and accounts are there')
  assert.equal((await profile(answer.token)).status, 401, 'and so are revocations')
  const refreshed = await post(second.url, '/api/auth/refresh', {
    refreshToken: alive.refreshToken,
  })
  assert.equal(refreshed.status, 200)
})

test('finishes running requests after a signal, and takes no new ones', async (t) => {
  const program = createProgram(t)
  const server = await program.start()
  const { port } = new URL(server.url)
  const body = JSON.stringify({ username: 'ada', password })
  const socket = connect(Number(port), '127.0.0.1')
  await once(socket, 'connect')
  // The head and half of the body: the request is running when the signal comes.
  socket.write(
    `POST /api/auth/register HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${body.length}\r\n\r\n${body.slice(0, 10)}`,
  )
  await new Promise((resolve) => setTimeout(resolve, 100))
  const stopped = server.stop('SIGINT')
  await until(() => server.output().includes('Stopping'))
  let answer = ''
  socket.setEncoding('utf8').on('data', (text: string) => (answer += text))
  socket.write(body.slice(10))
  assert.equal(await stopped, 0)
  assert.match(answer, /^HTTP\/1\.1 201 /)
  await assert.rejects(fetch(`${server.url}/health/live`))
})

test('says what to do when the port is taken', async (t) => {
  const program = createProgram(t)
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.after(() => taken.close())
  const { port } = taken.address() as { port: number }
  const outcome = await program.run(['start'], { variables: { PORT: `${port}` } })
  assert.equal(outcome.code, 1)
  assert.match(outcome.err, new RegExp(`Port ${port} is taken.* set PORT to another`))
  assert.doesNotMatch(outcome.err, /^\s+at /m, 'no stack')
  const variables = { PORT: '0', METRICS_PORT: `${port}` }
  const metrics = await program.run(['start'], { variables })
  assert.equal(metrics.code, 1)
  assert.match(metrics.err, new RegExp(`Port ${port} is taken.* set METRICS_PORT to another`))
})

test('lists every mistake of the configuration at once and starts nothing', async (t) => {
  const program = createProgram(t)
  const variables = {
    NODE_ENV: 'production',
    PUBLIC_URL: 'http://auth.example.com',
    JWT_SECRET: 'secret',
    CLIENT_ORIGIN: '*',
    MONGODB_URI: 'mongodb://localhost/app?w=1',
    SESSION_IDLE: 'soon',
  }
  const outcome = await program.run(['start'], { variables })
  assert.equal(outcome.code, 3)
  for (const name of Object.keys(variables).slice(1)) {
    assert.match(outcome.err, new RegExp(`- ${name}: `), name)
  }
  assert.ok(!existsSync(join(program.directory, 'data')), 'SQLite never steps in silently')
})

test('does not start with a database whose master secret is lost, or open to others', async (t) => {
  const program = createProgram(t)
  await program.run(['keys', 'list'])
  const secret = join(program.directory, 'data/secret')
  const content = readFileSync(secret)
  chmodSync(secret, 0o644)
  const open = await program.run(['start'])
  assert.equal(open.code, 3)
  assert.match(open.err, /chmod 600/)
  rmSync(secret)
  const lost = await program.run(['start'])
  assert.equal(lost.code, 3)
  assert.match(lost.err, /put the file back/)
  assert.ok(!existsSync(secret), 'no new one is made')
  writeFileSync(secret, content, { mode: 0o600 })
  assert.equal((await program.run(['keys', 'list'])).code, 0)
})

test('makes the first administrator of a container from a file, once', async (t) => {
  const program = createProgram(t)
  const file = join(program.directory, 'admin-password')
  writeFileSync(file, `${password}\n`, { mode: 0o600 })
  const variables = { ADMIN_USERNAME: 'root', ADMIN_PASSWORD_FILE: file }
  const first = await program.start(variables)
  assert.equal(await logInAsRoot(first.url, password), 200)
  assert.ok(!first.output().includes('no administrator'))
  assert.ok(!first.output().includes(password))
  await first.stop()
  writeFileSync(file, 'another phrase 4711')
  const second = await program.start(variables)
  assert.equal(
    await logInAsRoot(second.url, 'another phrase 4711'),
    401,
    'it is never changed later',
  )
  assert.equal(await logInAsRoot(second.url, password), 200)
})

test('lists a first administrator that cannot be made beside every other mistake', async (t) => {
  const program = createProgram(t)
  const variables = { ADMIN_USERNAME: 'x y', ADMIN_PASSWORD: 'short', LOG_LEVEL: 'loud' }
  const { code, err } = await program.run(['start'], { variables })
  assert.equal(code, 3)
  assert.match(err, /^- LOG_LEVEL: "loud" is not one of/m)
  assert.match(err, /^- ADMIN_USERNAME: "x y" is no user name: take 3 to 64 /m)
  assert.match(err, /^- ADMIN_PASSWORD: The password needs at least 8 characters: take another/m)
})

test('says how an account of that name administers, which may be done with the name set', async (t) => {
  const program = createProgram(t)
  await program.run(['users', 'add', 'root', '--password-stdin'], { input: password })
  const variables = { ADMIN_USERNAME: 'root', ADMIN_PASSWORD: password }
  const { code, err } = await program.run(['start'], { variables })
  assert.equal(code, 3)
  const mend = /ADMIN_USERNAME: .*: npx countersign (users set-role root admin), or take another/
  const words = mend.exec(err)?.[1]?.split(' ')
  assert.ok(words, err)
  const mended = await program.run(words, { variables })
  assert.equal(mended.code, 0, mended.err)
  const server = await program.start(variables)
  assert.ok(!server.output().includes('no administrator'))
})

test('reads .env, and the environment wins', async (t) => {
  const program = createProgram(t)
  writeFileSync(join(program.directory, '.env'), 'REGISTRATION=closed\nLOG_LEVEL=silent\n')
  const closed = await program.start()
  assert.equal(await readRegistration(closed.url), 'closed')
  await closed.stop()
  const open = await program.start({ REGISTRATION: 'open' })
  assert.equal(await readRegistration(open.url), 'open')
})

test('serves metrics on a port of their own, and no log line holds a secret', async (t) => {
  const program = createProgram(t)
  const server = await program.start({ METRICS_PORT: '0' })
  const url = /Metrics\s+(\S+)/.exec(server.output())?.[1] ?? ''
  const send = (path: string, body: object) =>
    fetch(server.url + path, { method: 'POST', headers: json, body: JSON.stringify(body) })
  await send('/api/auth/register', { username: 'ada', password })
  const answer = await send('/api/auth/login', { username: 'ada', password, delivery: 'body' })
  const tokens = (await answer.json()) as { token: string; refreshToken: string }
  const metrics = await (await fetch(url)).text()
  assert.match(metrics, /route="\/api\/auth\/login"/)
  assert.equal((await fetch(`${server.url}/metrics`)).status, 404)
  // Prometheus adds the parameters that its configuration has.
  assert.equal((await fetch(`${url}?name=up`)).status, 200)
  const posted = await fetch(url, { method: 'POST' })
  assert.deepEqual([posted.status, posted.headers.get('allow')], [405, 'GET, HEAD'])
  assert.equal((await fetch(`${url}/other`)).status, 404)
  const lines = server
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{'))
  assert.ok(lines.some((line) => JSON.parse(line).msg === 'sign_in.succeeded'))
  for (const secret of [password, tokens.token, tokens.refreshToken]) {
    assert.ok(!server.output().includes(secret))
  }
})

test('answers what is no HTTP at all with a problem and hangs up', async (t) => {
  const program = createProgram(t)
  const server = await program.start()
  const { port } = new URL(server.url)
  const send = async (text: string) => {
    const socket = connect(Number(port), '127.0.0.1').setEncoding('latin1')
    let answer = ''
    socket.on('data', (part: string) => (answer += part))
    socket.write(text)
    await once(socket, 'close')
    return answer
  }
  assert.match(await send('GARBAGE\r\n\r\n'), /^HTTP\/1\.1 400 [\s\S]*urn:countersign:problem/)
  const long = `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'a'.repeat(20_000)}\r\n\r\n`
  assert.match(await send(long), /^HTTP\/1\.1 431 /)
})

function post(url: string, path: string, body: object): Promise<Response> {
  return fetch(url + path, { method: 'POST', headers: json, body: JSON.stringify(body) })
}

async function logInAsRoot(url: string, wanted: string): Promise<number> {
  const body = JSON.stringify({ username: 'root', password: wanted })
  return (await fetch(`${url}/api/auth/login`, { method: 'POST', headers: json, body })).status
}

async function readRegistration(url: string): Promise<string> {
  const answer = await fetch(`${url}/api/users/public`)
  return ((await answer.json()) as { registration: string }).registration
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10))
}

function argumentsOf({ child }: RunningServer): readonly string[] {
  return readFileSync(`/proc/${child.pid}/cmdline`, 'utf8').split('\0')
}

function environmentOf({ child }: RunningServer): readonly string[] {
  return readFileSync(`/proc/${child.pid}/environ`, 'utf8').split('\0')
}
