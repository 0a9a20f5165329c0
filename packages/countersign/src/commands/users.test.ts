import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createProgram } from '../program.fixture.ts'

const password = 'a long enough phrase 7'

test('makes an account with a generated password, with which one can log in', async (t) => {
  const program = createProgram(t)
  const added = await program.run(['users', 'add', 'root', '--admin', '--generate'])
  assert.equal(added.code, 0, added.err)
  const generated = /^Password: (\S{20})$/m.exec(added.out)?.[1]
  assert.ok(generated)
  const server = await program.start()
  const answer = await fetch(`${server.url}/api/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'root', password: generated }),
  })
  assert.equal(answer.status, 200)
  const { user } = (await answer.json()) as { user: { role: string } }
  assert.equal(user.role, 'admin')
  assert.ok(!server.output().includes(generated), 'the password is not in the log')
})

test('reads a password from standard input, as it is and without its line end', async (t) => {
  const program = createProgram(t)
  const words = ['users', 'add', 'ada', '--password-stdin']
  const added = await program.run(words, { input: `${password}\n` })
  assert.equal(added.code, 0, added.err)
  const listed = await program.run(['users', 'list', '--json'])
  const account = JSON.parse(listed.out) as { username: string; role: string }
  assert.deepEqual([account.username, account.role], ['ada', 'user'])
  assert.ok(!listed.out.includes('argon2'), 'no hash is shown')
})

test('takes no password as an argument', async (t) => {
  const program = createProgram(t)
  const outcome = await program.run(['users', 'add', 'ada', '--password', password])
  assert.equal(outcome.code, 2)
  const silent = await program.run(['users', 'add', 'ada'])
  assert.equal(silent.code, 2)
  assert.match(silent.err, /--password-stdin/)
  assert.equal((await program.run(['users', 'list'])).out.split('\n').length, 2)
})

test('refuses wrong wishes with a reason and an exit code, and changes nothing', async (t) => {
  const program = createProgram(t)
  const add = (name: string, ...more: string[]) =>
    program.run(['users', 'add', name, ...more, '--password-stdin'], { input: password })
  assert.equal((await add('root', '--admin')).code, 0)
  assert.equal((await add('ROOT')).code, 4, 'a name that differs by case alone')
  assert.equal((await add('x')).code, 2, 'a name that is too short')
  assert.equal((await add('eve', '--role', 'king')).code, 2, 'a role that is not configured')
  assert.equal((await add('eve', '--role', 'user', '--admin')).code, 2)
  const short = ['users', 'add', 'eve', '--password-stdin']
  assert.equal((await program.run(short, { input: 'short' })).code, 2)
  assert.equal((await program.run(short, { input: Buffer.from([0xff, 0xfe, 0x41]) })).code, 2)
  const silent = await program.run(short, { input: '' })
  assert.equal(silent.code, 2)
  assert.match(silent.err, /is empty/)
  for (const input of ['x'.repeat(16_385), 'x'.repeat(300_000)]) {
    const long = await program.run(short, { input })
    assert.equal(long.code, 2)
    assert.match(long.err, /longer than 16384 bytes/)
  }
  assert.equal((await program.run(['users', 'disable', 'nobody'])).code, 4)
  for (const words of [
    ['users', 'disable', 'root'],
    ['users', 'delete', 'root', '--yes'],
    ['users', 'set-role', 'root', 'user'],
  ]) {
    const outcome = await program.run(words)
    assert.equal(outcome.code, 4, words.join(' '))
    assert.match(outcome.err, /last administrator/)
  }
  const listed = await program.run(['users', 'list', '--json'])
  assert.equal(listed.out.trim().split('\n').length, 1)
})

test('warns of a password that is accepted and guessed first, in a sentence', async (t) => {
  const program = createProgram(t)
  const warnings = [
    ['password123', 'Warning: the password is one of the most common ones, which are tried first.'],
    ['ada.lovelace1', 'Warning: the password is little more than a name that anybody would try.'],
  ] as const
  const set = ['users', 'set-password', 'ada.lovelace', '--password-stdin']
  const add = ['users', 'add', 'ada.lovelace', '--password-stdin']
  for (const words of [add, set]) {
    for (const [input, warning] of warnings) {
      const outcome = await program.run(words, { input })
      assert.equal(outcome.code, 0, outcome.err)
      assert.equal(outcome.err, `${warning}\n`)
      if (words === add) await program.run(['users', 'delete', 'ada.lovelace', '--yes'])
    }
    if (words === add) await program.run(['users', 'add', 'ada.lovelace', '--generate'])
  }
})

test('asks before it deletes, and says how when there is no terminal', async (t) => {
  const program = createProgram(t)
  await program.run(['users', 'add', 'ada', '--generate'])
  const unsure = await program.run(['users', 'delete', 'ada'])
  assert.equal(unsure.code, 2)
  assert.match(unsure.err, /--yes/)
  assert.equal((await program.run(['users', 'delete', 'ada', '--yes'])).code, 0)
  assert.equal((await program.run(['users', 'delete', 'ada', '--yes'])).code, 4)
})

test('what the command line changes counts at once in a running server', async (t) => {
  const program = createProgram(t)
  await program.run(['users', 'add', 'ada', '--password-stdin'], { input: password })
  const server = await program.start()
  const login = () =>
    fetch(`${server.url}/api/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: 'ada', password }),
    })
  const { token } = (await (await login()).json()) as { token: string }
  const profile = () =>
    fetch(`${server.url}/api/users`, { headers: { authorization: `Bearer ${token}` } })
  assert.equal((await profile()).status, 200)
  assert.equal((await program.run(['users', 'disable', 'ada'])).code, 0)
  assert.equal((await profile()).status, 401)
  assert.equal((await login()).status, 401)
  assert.equal((await program.run(['users', 'enable', 'ada'])).code, 0)
  assert.equal((await profile()).status, 401, 'a token from before stays dead')
  assert.equal((await login()).status, 200)
  const set = ['users', 'set-password', 'ada', '--password-stdin']
  assert.equal((await program.run(set, { input: 'another phrase 88' })).code, 0)
  assert.equal((await login()).status, 401, 'the old password is dead')
})
