// The program is killed again and again at random moments under load: what it acknowledged is there afterwards, and
// every session goes on with the token that its client holds.

import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { test } from 'node:test'
import {
  call,
  callPatiently,
  generousLimits,
  logIn,
  type Reply,
  refresh,
  register,
} from './caller.fixture.ts'
import { createProgram, type RunningServer } from './program.fixture.ts'

const rounds = 8
const password = 'a long enough phrase 7'
const variables = { ...generousLimits, JWT_ISSUER: 'http://localhost:3000' }

/** What the program has acknowledged so far, and what it was asked for when it died. */
interface Ledger {
  /** The token that each client holds. */
  readonly held: string[]
  readonly registered: string[]
  attempted: number
  password: string
  wanted: string
}

test('kills at random moments lose nothing acknowledged, and leave every session to go on', async (t) => {
  const program = createProgram(t)
  let server = await program.start(variables)
  const ledger = await prepare(server.url)
  for (let round = 0; round < rounds; round++) {
    const writes = randomInt(1, 60)
    await killUnderLoad(server, ledger, writes)
    server = await program.start(variables)
    await checkLedger(server.url, ledger)
    const said = server.output()
    assert.doesNotMatch(said, /session\.(restored|theft)/, `round ${round}, ${writes} writes`)
  }
  t.diagnostic(`${ledger.registered.length} registrations acknowledged in ${rounds} rounds`)
  assert.equal(await server.stop(), 0)
  const listed = await program.run(['users', 'list', '--json'])
  const names = listed.out.split('\n').flatMap((line) => (line ? [JSON.parse(line).username] : []))
  for (const name of ledger.registered) assert.ok(names.includes(name), name)
  assert.match((await program.run(['doctor'])).out, /is sound/)
})

async function prepare(url: string): Promise<Ledger> {
  const held: string[] = []
  await register(url, 'tabs', password)
  await register(url, 'changer', password)
  for (let count = 0; count < 6; count++) {
    held.push((await logIn(url, 'tabs', password)).refreshToken)
  }
  return { held, registered: ['tabs', 'changer'], attempted: 0, password, wanted: password }
}

/** Refreshes, registers and changes a password all at once, until so many writes are acknowledged; then kills. */
async function killUnderLoad(server: RunningServer, ledger: Ledger, writes: number): Promise<void> {
  const { url, child } = server
  const died = once(child, 'close')
  let acknowledged = 0
  const acknowledge = (): void => {
    acknowledged++
    if (acknowledged === writes) child.kill('SIGKILL')
  }
  const owner = await logIn(url, 'changer', ledger.password)
  const results = await Promise.allSettled([
    ...ledger.held.map((_, client) => keepRefreshing(url, ledger, client, acknowledge)),
    keepRegistering(url, ledger, acknowledge),
    keepChanging(url, ledger, owner.token, acknowledge),
  ])
  await died
  for (const result of results) {
    assert.ok(result.status === 'rejected')
    // Fetch rejects with a TypeError when the connection breaks; anything else is an answer that was wrong.
    assert.ok(result.reason instanceof TypeError, String(result.reason))
  }
}

async function keepRefreshing(
  url: string,
  ledger: Ledger,
  client: number,
  acknowledge: () => void,
): Promise<never> {
  for (;;) {
    const reply = await refresh(url, ledger.held[client] ?? '')
    assert.equal(reply.status, 200)
    ledger.held[client] = reply.refreshToken
    acknowledge()
  }
}

async function keepRegistering(
  url: string,
  ledger: Ledger,
  acknowledge: () => void,
): Promise<never> {
  for (;;) {
    const username = `user-${ledger.attempted++}`
    await register(url, username, password)
    ledger.registered.push(username)
    acknowledge()
  }
}

async function keepChanging(
  url: string,
  ledger: Ledger,
  first: string,
  acknowledge: () => void,
): Promise<never> {
  let token = first
  for (let count = 0; ; count++) {
    ledger.wanted = `${password} ${count} ${ledger.attempted}`
    const body = { currentPassword: ledger.password, newPassword: ledger.wanted }
    const reply: Reply = await callPatiently(url, '/api/auth/password', { body, token })
    assert.equal(reply.status, 200)
    token = reply.token
    ledger.password = ledger.wanted
    acknowledge()
  }
}

async function checkLedger(url: string, ledger: Ledger): Promise<void> {
  for (const [client, token] of ledger.held.entries()) {
    const reply = await refresh(url, token)
    assert.equal(reply.status, 200, `client ${client} goes on`)
    ledger.held[client] = reply.refreshToken
  }
  for (const username of ledger.registered) {
    const reply = await call(url, '/api/auth/register', { body: { username, password } })
    assert.equal(reply.code, 'username_taken', `${username} is there`)
  }
  // A change that was asked for and not acknowledged may have happened or not: one password is good.
  const old = await logIn(url, 'changer', ledger.password)
  if (old.status !== 200) {
    ledger.password = ledger.wanted
    assert.equal((await logIn(url, 'changer', ledger.password)).status, 200)
  } else if (ledger.wanted !== ledger.password) {
    assert.equal((await logIn(url, 'changer', ledger.wanted)).status, 401)
  }
}
