// A move as an operator does it: the real program, on real databases, with clients that know nothing of it.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { postgresTest } from '../../../../tools/postgres.fixture.ts'
import { startServers } from '../../../../tools/servers/database-server.ts'
import { mongodbServers } from '../../../../tools/servers/mongodb-servers.ts'
import { until } from '../../../../tools/until.ts'
import { contentOf, fillDatabase } from '../../../server/src/relocation/full-database.fixture.ts'
import { codeOf } from '../../../server/src/totp/authenticator.fixture.ts'
import { call, generousLimits, logIn, type Reply, refresh, register } from '../caller.fixture.ts'
import { createProgram, type Program, type RunningServer } from '../program.fixture.ts'

const password = 'a long enough phrase 7'
const common = {
  ...generousLimits,
  RATE_LIMIT_LOGIN: '5/15m',
  JWT_ISSUER: 'https://auth.example.com',
  LOG_LEVEL: 'warn',
}
const secretFile = { COUNTERSIGN_SECRET_FILE: 'data/secret' }

type UrlOf = (t: TestContext) => string

const servers = await startServers(mongodbServers)

/** Registers the test once for each database that is not SQLite. */
function onEachTarget(sentence: string, run: (t: TestContext, url: string) => Promise<void>): void {
  postgresTest(`${sentence}: PostgreSQL`, (t, server) => run(t, server.urlFor(t)))
  for (const server of servers) {
    const urlOf: UrlOf = () => server.urlOf(`move_${randomBytes(4).toString('hex')}`)
    test(`${sentence}: ${server.name}`, (t) => run(t, urlOf(t)))
  }
}

onEachTarget('no client notices a move from SQLite', async (t, url) => {
  const program = createProgram(t)
  const before = await program.start(common)
  const life = await liveALittle(before, program)
  assert.equal(await before.stop(), 0)

  writeFileSync(join(program.directory, 'url'), `${url}\n`, { mode: 0o600 })
  const moved = await program.run(['move'], { variables: { ...common, MOVE_TO_FILE: 'url' } })
  assert.equal(moved.code, 0, moved.err)
  assert.match(moved.out, /^users +4$/m)
  assert.match(moved.out, /^sessions +[1-9]\d*$/m)
  assert.match(moved.out, /^ {2}DATABASE_URL=(postgres|mongodb):\/\//m)
  assert.match(moved.out, /^ {2}COUNTERSIGN_SECRET=\$\(cat \S+\/data\/secret\)$/m)

  const moves = /This database was moved to (postgres|mongodb):\/\/\S+ on 20\d\d-.*Z: /m
  await assert.rejects(program.start(common), moves)
  const doctor = await program.run(['doctor'], { variables: common })
  assert.equal(doctor.code, 3)
  assert.match(doctor.out, /This database was moved to/)
  const after = await program.start({ ...common, ...secretFile, DATABASE_URL: url })
  await everybodyGoesOn(after, life)
})

interface Life {
  /** Of a client that goes on. */
  readonly kept: Reply
  /** What a thief has: superseded twice over; and what its owner holds. */
  readonly stolen: string
  readonly robbed: Reply
  /** Logged out. */
  readonly ended: Reply
  /** Of an account that was disabled. */
  readonly disabled: Reply
  readonly recoveryCodes: readonly string[]
  readonly authenticator: string
  readonly service: string
  readonly cursor: string
}

async function liveALittle(server: RunningServer, program: Program): Promise<Life> {
  const { url } = server
  for (const name of ['ada', 'eve', 'grace', 'locked']) await register(url, name, password)
  const kept = await renew(url, await logIn(url, 'ada', password))
  const first = await logIn(url, 'ada', password)
  const robbed = await renew(url, await renew(url, first))
  const disabled = await logIn(url, 'eve', password)
  const factors = await secureGrace(url)
  const added = await program.run(['services', 'add', 'shop', '--json'], { variables: common })
  const { id, secret } = JSON.parse(added.out)
  const service = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
  const { cursor } = await readFeed(url, service)
  for (let count = 0; count < 5; count++) {
    assert.equal((await logIn(url, 'locked', 'a wrong phrase 8')).status, 401)
  }
  assert.equal((await logIn(url, 'locked', password)).status, 429)
  await program.run(['users', 'disable', 'eve'], { variables: common })
  // The last thing before the move.
  const ended = await logIn(url, 'ada', password)
  const out = await call(url, '/api/auth/logout', { body: { refreshToken: ended.refreshToken } })
  assert.equal(out.status, 204)
  return { kept, stolen: first.refreshToken, robbed, ended, disabled, service, cursor, ...factors }
}

async function everybodyGoesOn({ url }: RunningServer, life: Life): Promise<void> {
  const profile = async ({ token }: Reply) => (await call(url, '/api/users', { token })).status
  assert.equal(await profile(life.kept), 200, 'an access token from before')
  const kept = await renew(url, life.kept)
  assert.equal(await profile(await renew(url, kept)), 200)

  assert.equal(await profile(life.ended), 401, 'a log-out just before')
  assert.equal((await refresh(url, life.ended.refreshToken)).status, 401)
  assert.equal(await profile(life.disabled), 401)
  assert.equal((await logIn(url, 'eve', password)).status, 401)
  assert.equal(await profile(life.robbed), 200)
  assert.equal((await refresh(url, life.stolen)).status, 401, 'theft is recognised')
  assert.equal((await refresh(url, life.robbed.refreshToken)).status, 401, 'and ends the session')
  assert.equal(await profile(life.robbed), 401)

  assert.equal((await logIn(url, 'locked', password)).status, 429, 'no new tries')
  const [used = '', unused = ''] = life.recoveryCodes
  assert.equal((await secondStep(url, 'recovery', used)).code, 'invalid_code', 'it stays used')
  assert.equal((await secondStep(url, 'recovery', unused)).status, 200)
  const later = codeOf(life.authenticator, Date.now(), 1)
  assert.equal((await secondStep(url, 'totp', later)).status, 200, 'the sealed secret opens')

  assert.equal(await isActive(url, life, kept.token), true)
  assert.equal(await isActive(url, life, life.ended.token), false)
  const page = await readFeed(url, life.service, life.cursor)
  const told = JSON.stringify(page.entries)
  assert.ok(told.includes(sessionOf(life.ended.token)), 'a consumer goes on from its cursor')
}

async function renew(url: string, { refreshToken }: Reply): Promise<Reply> {
  const reply = await refresh(url, refreshToken)
  assert.equal(reply.status, 200)
  return reply
}

/** An authenticator and recovery codes, the first of which is used. */
async function secureGrace(url: string) {
  const { token } = await logIn(url, 'grace', password)
  const begun = await ask(url, 'auth/mfa/totp', token)
  const authenticator = String(begun['secret'])
  const code = codeOf(authenticator, Date.now(), -1)
  const confirmed = await ask(url, 'auth/mfa/totp/confirm', token, { code, name: 'Phone' })
  const codes = await ask(url, 'auth/mfa/recovery-codes', String(confirmed['token']))
  const recoveryCodes = codes['recoveryCodes'] as string[]
  assert.equal((await secondStep(url, 'recovery', recoveryCodes[0] ?? '')).status, 200)
  return { authenticator, recoveryCodes }
}

async function secondStep(url: string, factor: string, code: string): Promise<Reply> {
  const asked = (await logIn(url, 'grace', password)) as Reply & { mfaToken?: string }
  assert.equal(asked.code, 'mfa_required')
  return call(url, '/api/auth/mfa', { body: { mfaToken: asked.mfaToken, factor, code } })
}

async function ask(url: string, path: string, token: string, body?: object) {
  const response = await fetch(`${url}/api/${path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      ...(body && { 'content-type': 'application/json' }),
    },
    body: body ? JSON.stringify(body) : null,
  })
  const text = await response.text()
  assert.equal(response.ok, true, text)
  return JSON.parse(text) as Record<string, unknown>
}

async function readFeed(url: string, authorization: string, cursor?: string) {
  const query = cursor === undefined ? '' : `?cursor=${cursor}`
  const headers = { authorization, accept: 'application/json' }
  const response = await fetch(`${url}/api/auth/revocations${query}`, { headers })
  assert.equal(response.status, 200)
  return (await response.json()) as { cursor: string; entries: object[] }
}

async function isActive(url: string, { service }: Life, token: string): Promise<boolean> {
  const response = await fetch(`${url}/api/auth/introspect`, {
    method: 'POST',
    headers: { authorization: service, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ token }),
  })
  return ((await response.json()) as { active: boolean }).active
}

function sessionOf(token: string): string {
  const claims = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()
  return String(JSON.parse(claims).sid)
}

onEachTarget('a move that is killed serves nowhere half, and is run again', async (t, url) => {
  const program = createProgram(t)
  const file = join(program.directory, 'source.db')
  fillDatabase(file, 3, 6_000)
  const before = contentOf(file)
  const secret = { COUNTERSIGN_SECRET: randomBytes(32).toString('base64url') }
  const variables = { ...common, ...secret, DATABASE_URL: `sqlite:${file}`, MOVE_TO: url }
  const killed = program.begin(['move'], variables)
  await until(() => killed.output().includes('users: 2000'), 'the copy to be under way', 60_000)
  killed.child.kill('SIGKILL')
  await killed.ended
  assert.equal(killed.child.signalCode, 'SIGKILL', 'it was not done')

  const onTarget = { ...common, ...secret, DATABASE_URL: url }
  await assert.rejects(program.start(onTarget), /A move from sqlite:\S+ into this database did/)
  for (const words of [
    ['users', 'list'],
    ['migrate', 'status'],
  ]) {
    const refused = await program.run(words, { variables: onTarget })
    assert.equal(refused.code, 1, refused.out)
    assert.match(refused.err, /^A move from sqlite:\S+ into this database did not finish: run/m)
  }
  assert.deepEqual(contentOf(file), before)
  const listed = await program.run(['users', 'list'], { variables })
  assert.equal(listed.code, 1, 'sealed keys that nobody can open')
  assert.doesNotMatch(listed.err, /moved/)

  const again = await program.run(['move'], { variables })
  assert.equal(again.code, 0, again.err)
  assert.match(again.out, /^users +6000$/m)
  assert.match(again.out, /^sessions +3$/m)
  const third = await program.run(['move'], { variables })
  assert.equal(third.code, 4)
  assert.match(third.err, /^This database was moved to /m)
})

test('an instance on SQLite, were it idle, is in the way of a move, and nothing changes', async (t) => {
  const program = createProgram(t)
  const server = await program.start(common)
  await register(server.url, 'ada', password)
  const words = ['move', '--to', 'sqlite:elsewhere/new.db']
  const refused = await program.run(words, { variables: common })
  assert.equal(refused.code, 1)
  assert.match(refused.err, /A process has \S+countersign\.db open: stop every instance on it/)
  assert.equal((await logIn(server.url, 'ada', password)).status, 200)
  assert.equal(await server.stop(), 0)

  const moved = await program.run(words, { variables: common })
  assert.equal(moved.code, 0, moved.err)
  const [copy = ''] = /cp -pn \S+ \S+/.exec(moved.out) ?? []
  execFileSync('sh', ['-c', copy], { cwd: program.directory })
  const after = await program.start({ ...common, DATABASE_URL: 'sqlite:elsewhere/new.db' })
  assert.equal((await logIn(after.url, 'ada', password)).status, 200)
})

onEachTarget('an instance that runs on what is moved away serves no more', async (t, url) => {
  const program = createProgram(t)
  const secret = { COUNTERSIGN_SECRET: randomBytes(32).toString('base64url') }
  const variables = { ...common, ...secret, DATABASE_URL: url }
  const [one, two] = [await program.start(variables), await program.start(variables)]
  await register(one.url, 'ada', password)
  const held = await logIn(two.url, 'ada', password)
  const onFile = { ...common, ...secret, DATABASE_URL: 'sqlite:new/moved.db' }
  const words = ['move', '--to', onFile.DATABASE_URL]
  const moved = await program.run(words, { variables })
  assert.equal(moved.code, 0, moved.err)
  for (const old of [one, two]) {
    assert.equal((await refresh(old.url, held.refreshToken)).status, 503)
    assert.equal((await call(old.url, '/api/users', { token: held.token })).status, 503)
    const body = { username: 'grace', password }
    assert.equal((await call(old.url, '/api/auth/register', { body })).status, 503)
    assert.equal((await fetch(`${old.url}/health/ready`)).status, 503)
  }
  await assert.rejects(program.start(variables), /was moved to sqlite:/)
  const next = await program.start(onFile)
  assert.equal((await refresh(next.url, held.refreshToken)).status, 200)
  await next.stop()

  const unasked = await program.run(['move', '--undo'], { variables })
  assert.equal(unasked.code, 2)
  const undone = await program.run(['move', '--undo', '--yes'], { variables })
  assert.equal(undone.code, 0, undone.err)
  assert.match(undone.out, /serves again, as it was on 20/)
  const back = await program.start(variables)
  assert.equal((await refresh(back.url, held.refreshToken)).status, 200)
})

test('what cannot be asked for is said in one line, without a password', async (t) => {
  const program = createProgram(t)
  const run = (words: string, variables: Readonly<Record<string, string>> = {}) =>
    program.run(words.split(' '), { variables: { ...common, ...variables } })
  const cases: readonly [string, Readonly<Record<string, string>>, number, RegExp][] = [
    ['move', {}, 2, /^Give one of --to <url>, MOVE_TO and MOVE_TO_FILE\.$/m],
    ['move --to sqlite:a.db', { MOVE_TO: 'sqlite:b.db' }, 2, /^Give one of/m],
    ['move --to sqlite:a.db --undo --yes', {}, 2, /^Give --to or --undo/m],
    ['move', { MOVE_TO_FILE: 'none' }, 2, /^The file none cannot be read/m],
    ['move', { MOVE_TO: 'mysql://ada:hunter22@h/a' }, 2, /does not know mysql:/],
    ['move', { MOVE_TO: 'sqlite::memory:' }, 2, /In memory every account is lost/],
    ['move --to sqlite:a.db', {}, 4, /^There is no database \S+countersign\.db: run this where/m],
    ['move --undo --yes', {}, 4, /^There is no database/m],
  ]
  for (const [words, variables, code, message] of cases) {
    const outcome = await run(words, variables)
    assert.equal(outcome.code, code, `${words} ${outcome.err}`)
    assert.match(outcome.err, message)
    assert.doesNotMatch(outcome.out + outcome.err, /hunter22/)
  }
  assert.equal((await run('users list')).code, 0)
  const same = await run('move', { MOVE_TO: 'sqlite:./data/countersign.db' })
  assert.equal(same.code, 4)
  const unreachable = await run('move', { MOVE_TO: 'postgres://ada:hunter22@127.0.0.1:9/app' })
  assert.equal(unreachable.code, 1)
  assert.match(unreachable.err, /PostgreSQL at 127\.0\.0\.1:9\/app cannot be reached/)
  assert.doesNotMatch(unreachable.err, /hunter22|^ +at /m)
  assert.equal((await run('users list')).code, 0, 'and the source serves')
  assert.match((await run('move --help')).out, /--to <url>[\s\S]*--undo/)
})
