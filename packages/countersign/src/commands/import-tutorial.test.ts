// Import from the tutorial's own MongoDB, on real servers of the protocol, into each kind of database.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { hash } from '@node-rs/bcrypt'
import { MongoClient, ObjectId } from 'mongodb'
import { postgresTest, sharedPostgres } from '../../../../tools/postgres.fixture.ts'
import { type DatabaseServer, startServers } from '../../../../tools/servers/database-server.ts'
import { mongodbServers } from '../../../../tools/servers/mongodb-servers.ts'
import { createProgram, type Program, type RunningServer } from '../program.fixture.ts'

const ownPassword = 'a long enough phrase 7'
const created = Date.UTC(2024, 1, 29, 12, 30, 15, 250)

interface Account {
  readonly id: string
  readonly username: string
  readonly email?: string
  readonly role: string
  readonly createdAt: string
  readonly updatedAt: string
}

const targetNames = { sqlite: 'SQLite', postgres: 'PostgreSQL', mongodb: 'MongoDB' } as const
type Target = keyof typeof targetNames

for (const database of await startServers(mongodbServers)) {
  for (const target of Object.keys(targetNames) as Target[]) {
    const testInto = (sentence: string, run: (t: TestContext) => Promise<void>): void => {
      const name = `from ${database.name} into ${targetNames[target]}: ${sentence}`
      if (target === 'postgres') postgresTest(name, run)
      else test(name, run)
    }

    testInto('old accounts and passwords go on working', async (t) => {
      const { program, variables, run } = await prepare(t, database, target)
      const users = openUsers(t, run.url)
      await users.insertMany(await Promise.all(goodDocuments()))
      const before = await users.find().sort({ _id: 1 }).toArray()
      const outcome = await run()
      assert.equal(outcome.code, 0, outcome.out + outcome.err)
      assert.match(outcome.out, /^6 read, 6 imported, 0 imported before, 0 left out\.$/m)
      assert.doesNotMatch(outcome.out + outcome.err, /\$2b\$|hunter22/)

      const listed = await listAccounts(program, variables)
      assert.deepEqual(
        listed.map(({ username }) => username),
        ['ada', 'root', 'x', 'Zoë Ünal', 'GRACE@example.com', "O'Neil ﬀ"],
        'in the order in which they were made, and as they were written',
      )
      assert.equal(listed[0]?.email, 'ada@example.com')
      assert.equal(listed[0]?.createdAt, '2024-02-29T12:30:15.250Z')
      assert.equal(listed[0]?.updatedAt, '2024-02-29T12:30:15.251Z')
      assert.equal(listed[1]?.role, 'admin')

      const server = await program.start(variables)
      assert.equal(await logIn(server, 'ada', 'analytical engine'), 200)
      assert.equal(await logIn(server, 'ada', 'Analytical engine'), 401)
      assert.equal(await logIn(server, 'x', 'abc'), 200, 'shorter than our minimum')
      assert.equal(await logIn(server, 'zoë ünal', 'secret1'), 200)
      assert.equal(await logIn(server, 'Grace@Example.com', 'secret2'), 200)
      assert.equal(await logIn(server, "o'neil ff", 'secret3'), 200)
      assert.equal(await logIn(server, 'root', 'secret4'), 200)
      assert.deepEqual(await users.find().sort({ _id: 1 }).toArray(), before, 'only read')
    })

    testInto('a second run changes nothing, and brings what came since', async (t) => {
      const { program, variables, run } = await prepare(t, database, target)
      const users = openUsers(t, run.url)
      await users.insertMany(await Promise.all(goodDocuments()))
      assert.equal((await run()).code, 0)
      const server = await program.start(variables)
      assert.equal(await logIn(server, 'ada', 'analytical engine'), 200)
      const [ada, , x] = await readHashes(t, program, variables, target)
      assert.match(ada ?? '', /^\$argon2id\$/, 'hashed anew at the log-in')
      assert.match(x ?? '', /^\$2b\$/, 'and not before')
      await server.stop()
      await program.run(['users', 'delete', 'x', '--yes'], { variables })
      await program.run(['users', 'set-role', 'ada', 'admin'], { variables })

      const listed = await listAccounts(program, variables)
      const again = await run()
      assert.equal(again.code, 4)
      assert.match(again.out, /^6 read, 0 imported, 5 imported before, 1 left out\.$/m)
      assert.match(again.out, /^- "x" \([0-9a-f]{24}\): it was imported before and deleted here/m)
      assert.deepEqual(await listAccounts(program, variables), listed)
      assert.equal((await readHashes(t, program, variables, target))[0], ada)

      await users.insertOne(await tutorialUser({ username: 'late', password: 'newcomer' }))
      const third = await run()
      assert.match(third.out, /^7 read, 1 imported, 5 imported before, 1 left out\.$/m)
      const names = (await listAccounts(program, variables)).map(({ username }) => username)
      assert.ok(names.includes('late') && !names.includes('x'))
    })

    testInto('what cannot come in is listed, with the reason and the mend', async (t) => {
      const { program, variables, run } = await prepare(t, database, target)
      const users = openUsers(t, run.url)
      await program.run(['users', 'add', 'Alan', '--password-stdin'], {
        variables,
        input: ownPassword,
      })
      await users.insertMany(await Promise.all(oddDocuments()))
      const dry = await run('--dry-run')
      assert.equal(dry.code, 4)
      assert.match(dry.out, /^16 read, 1 would be imported, 0 imported before, 15 left out\.$/m)
      assert.match(dry.out, /Nothing was imported/)
      assert.equal((await listAccounts(program, variables)).length, 1)

      const outcome = await run()
      assert.equal(outcome.code, 4)
      assert.match(outcome.out, /^16 read, 1 imported, 0 imported before, 15 left out\.$/m)
      for (const [name, reason] of leftOut) {
        const line = outcome.out.split('\n').find((text) => text.startsWith(`- ${name} (`))
        assert.match(line ?? '', reason, `${name}\n${outcome.out}`)
      }
      assert.match(outcome.out, /^Set ROLES=user,admin,editor,chief for this command/m)
      assert.doesNotMatch(outcome.out, /\$2b\$|in plain sight/)
      assert.ok(!outcome.out.includes('\u001b'), 'nothing that a terminal would obey')
      const names = (await listAccounts(program, variables)).map(({ username }) => username)
      assert.deepEqual(new Set(names), new Set(['Alan', 'good']))

      const server = await program.start(variables)
      assert.equal(await logIn(server, 'alan', ownPassword), 200, 'nothing was overwritten')
      assert.equal(await logIn(server, 'plain', 'in plain sight'), 401)
      assert.equal(await logIn(server, 'gone', 'shut out'), 401)
      await server.stop()

      const withRoles = { ...variables, ROLES: 'user,admin,editor,chief' }
      const mended = await run('', withRoles)
      assert.match(mended.out, /^16 read, 2 imported, 1 imported before, 13 left out\.$/m)
    })
  }

  test(`from ${database.name}: a thousand documents, with progress and a list of ids`, async (t) => {
    const { program, variables, run } = await prepare(t, database, 'sqlite')
    const users = openUsers(t, run.url)
    const password = await hash('secret', { cost: 4 })
    const documents = Array.from({ length: 1_200 }, (_, index) => ({
      _id: index,
      username: `user-${index}`,
      password,
    }))
    await users.insertMany(documents as never)
    const outcome = await run('--ids=ids.jsonl')
    assert.equal(outcome.code, 0, outcome.out + outcome.err)
    assert.match(outcome.out, /^1200 read, 1200 imported/m)
    assert.match(outcome.err, /^1000 of 1200 …$/m)
    const ids = readFileSync(join(program.directory, 'ids.jsonl'), 'utf8').trim().split('\n')
    assert.equal(new Set(ids).size, 1_200)
    const { to } = JSON.parse(ids[7] ?? '') as { to: string }
    const listed = await listAccounts(program, variables)
    assert.ok(listed.some(({ id }) => id === to))
  })
}

test('says what is wrong with the place to import from', async (t) => {
  const program = createProgram(t)
  const importFrom = (...words: string[]) => program.run(['import', 'tutorial', ...words])
  assert.equal((await importFrom()).code, 2)
  const nameless = await importFrom('--from', 'mongodb://127.0.0.1:9')
  assert.equal(nameless.code, 2)
  assert.match(nameless.err, /names no database/)
  assert.equal((await importFrom('--from', 'postgres://127.0.0.1/app')).code, 2)
  const away = await importFrom('--from', 'mongodb://ada:hunter22@127.0.0.1:9/app')
  assert.equal(away.code, 1)
  assert.match(away.err, /Cannot read 127\.0\.0\.1:9\/app, collection users: .*ECONNREFUSED/)
  assert.doesNotMatch(away.err, /hunter22|^\s+at /m)
})

function goodDocuments() {
  return [
    tutorialUser({
      username: 'ada',
      password: 'analytical engine',
      email: 'ada@example.com',
      createdAt: new Date(created),
      updatedAt: new Date(created + 1),
    }),
    tutorialUser({ username: 'root', password: 'secret4', role: 'admin' }),
    tutorialUser({ username: 'x', password: 'abc' }),
    tutorialUser({ username: 'Zoë Ünal', password: 'secret1' }),
    tutorialUser({ username: 'GRACE@example.com', password: 'secret2', email: 'no address' }),
    tutorialUser({ username: "O'Neil ﬀ", password: 'secret3', isActive: true }),
  ]
}

function oddDocuments() {
  return [
    tutorialUser({ username: 'good', password: 'secret' }),
    tutorialUser({ username: 'Bob', password: 'secret' }),
    tutorialUser({ username: 'bob', password: 'secret' }),
    tutorialUser({ username: 'ＢＯＢ', password: 'secret' }),
    tutorialUser({ username: 'alan', password: 'secret' }),
    tutorialUser({ username: 'ed', password: 'secret', role: 'editor' }),
    tutorialUser({ username: 'head', password: 'secret', role: 'chief' }),
    tutorialUser({ username: 'lists', password: 'secret', role: ['user', 'admin'] }),
    tutorialUser({ username: '\u001b[31mred', password: 'secret' }),
    tutorialUser({ username: '   ', password: 'secret' }),
    tutorialUser({ username: 'l'.repeat(2_000), password: 'secret' }),
    tutorialUser({ username: 'gone', password: 'shut out', isActive: false }),
    Promise.resolve({ username: 'plain', password: 'in plain sight' }),
    Promise.resolve({ username: 'bare' }),
    Promise.resolve({ username: 42, password: 'x' }),
    Promise.resolve({ email: 'a@b.example' }),
  ]
}

const leftOut: readonly (readonly [string, RegExp])[] = [
  ['"Bob"', /this name but for case/],
  ['"bob"', /this name but for case/],
  ['"ＢＯＢ"', /this name but for case/],
  ['"alan"', /another account has this name here/],
  ['"ed"', /its role "editor" is not among ROLES/],
  ['"head"', /its role "chief" is not among ROLES/],
  ['"lists"', /not exactly one role/],
  ['"\\u001b[31mred"', /cannot be stored or shown/],
  ['"   "', /cannot be stored or shown/],
  [`"${'l'.repeat(80)}…"`, /cannot be stored or shown/],
  ['"gone"', /"isActive" may mean that it was shut out/],
  ['"plain"', /no bcrypt hash/],
  ['"bare"', /no password hash/],
  ['(no name)', /no username/],
]

let madeUsers = 0

/** A document as the tutorial's Mongoose model stores it. */
async function tutorialUser({ password, ...fields }: Record<string, unknown>) {
  const time = new Date(created)
  const id = ObjectId.createFromTime(created / 1000 + madeUsers++)
  const model = { _id: id, role: 'user', createdAt: time, updatedAt: time, __v: 0 }
  const hashed = await hash(String(password), { cost: 4 })
  return { ...model, password: hashed, ...fields }
}

async function prepare(t: TestContext, database: DatabaseServer, target: Target) {
  const program = createProgram(t)
  const url = database.urlOf(`tutorial_${randomBytes(4).toString('hex')}`)
  // The tutorial's own database may be the one that is stored in.
  const shared = target === 'postgres' ? (await sharedPostgres()).urlFor(t) : url
  const variables: Record<string, string> = {
    RATE_LIMIT_ANONYMOUS: '1000/1m',
    ...(target !== 'sqlite' && {
      DATABASE_URL: shared,
      COUNTERSIGN_SECRET: randomBytes(32).toString('base64url'),
    }),
  }
  const run = (option = '', more: Record<string, string> = variables) =>
    program.run(['import', 'tutorial', '--from', url, ...(option === '' ? [] : [option])], {
      variables: more,
    })
  return { program, variables, run: Object.assign(run, { url }) }
}

function openUsers(t: TestContext, url: string) {
  const client = new MongoClient(url)
  t.after(() => client.close())
  return client.db().collection('users')
}

async function listAccounts(
  program: Program,
  variables: Readonly<Record<string, string>>,
): Promise<readonly Account[]> {
  const { out, code, err } = await program.run(['users', 'list', '--json'], { variables })
  assert.equal(code, 0, err)
  const lines = out.trim()
  return lines === '' ? [] : lines.split('\n').map((line) => JSON.parse(line) as Account)
}

/** In the order in which the accounts were made. */
async function readHashes(
  t: TestContext,
  program: Program,
  variables: Readonly<Record<string, string>>,
  target: Target,
): Promise<readonly string[]> {
  if (target === 'sqlite') {
    const { DatabaseSync } = await import('node:sqlite')
    const file = new DatabaseSync(join(program.directory, 'data/countersign.db'))
    const rows = file.prepare('SELECT password_hash AS hash FROM users ORDER BY id').all()
    file.close()
    return rows.map(({ hash: stored }) => String(stored))
  }
  const url = variables['DATABASE_URL'] ?? ''
  if (target === 'postgres') {
    const client = await (await sharedPostgres()).connect(t)
    const { rows } = await client.query<{ hash: string }>(
      `SELECT password_hash AS hash FROM ${new URL(url).searchParams.get('schema')}.users ORDER BY id`,
    )
    return rows.map(({ hash: stored }) => stored)
  }
  const client = new MongoClient(url)
  const accounts = await client
    .db()
    .collection('countersign_accounts')
    .find()
    .sort({ _id: 1 })
    .toArray()
  await client.close()
  return accounts.map(({ passwordHash }) => String(passwordHash))
}

async function logIn({ url }: RunningServer, username: string, password: string): Promise<number> {
  const answer = await fetch(`${url}/api/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username, password }),
  })
  return answer.status
}
