import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { postgresTest } from '../../../../../tools/postgres.fixture.ts'
import { StoreUnavailableError } from '../../foundation/store-failure.ts'
import { systemRandomness } from '../../foundation/randomness.ts'
import { createIdSource } from '../../foundation/ids.ts'
import type { Account } from '../../accounts/account.ts'
import { loadPostgresDriver } from '../../postgres/load-driver.ts'
import { withConnection } from '../../postgres/with-connection.ts'
import type { Migration } from './migrations/migration.ts'
import { migratePostgres } from './migrations/migrate-postgres.ts'
import { migrations } from './migrations/migrations.ts'
import { openPostgresStore } from './open-postgres-store.ts'
import { settingsOf } from './postgres.fixture.ts'

const newId = createIdSource(Date.now, systemRandomness)

function sampleAccount(facts: Partial<Account> = {}): Account {
  const now = Date.now()
  return {
    id: newId(),
    username: 'ada',
    email: null,
    verifiedEmailKey: null,
    passwordHash: 'hash',
    role: 'user',
    disabled: false,
    sessionEpoch: 0,
    tokenEpoch: 0,
    factorEpoch: 0,
    createdAt: now,
    updatedAt: now,
    ...facts,
  }
}

function isRefusal(reason: StoreUnavailableError['reason'], message: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof StoreUnavailableError, String(error))
    assert.equal(error.reason, reason)
    assert.match(error.message, message)
    return true
  }
}

postgresTest('ten instances that start at once apply each schema step once', async (t, server) => {
  const settings = settingsOf(server.urlFor(t, { pool_size: '1' }))
  const stores = await Promise.all(Array.from({ length: 10 }, () => openPostgresStore(settings)))
  t.after(() => Promise.all(stores.map((store) => store.close())))
  const client = await server.connect(t)
  const { rows } = await client.query(
    `SELECT number::int FROM ${settings.schema}.migrations ORDER BY number`,
  )
  assert.deepEqual(
    rows.map(({ number }) => number),
    migrations.map(({ number }) => number),
  )
  for (const store of stores) await store.checkReady()
})

postgresTest('a step that fails leaves nothing behind', async (t, server) => {
  const settings = settingsOf(server.urlFor(t))
  const broken: Migration = {
    number: migrations.length + 1,
    name: 'broken',
    statements: ['CREATE TABLE half_done (id TEXT PRIMARY KEY) STRICT', 'CREATE NONSENSE'],
  }
  const driver = await loadPostgresDriver()
  await withConnection(driver, settings, async (client) => {
    await assert.rejects(migratePostgres(client, settings.schema, [...migrations, broken]))
    const { rows } = await client.query('SELECT to_regnamespace($1) AS found', [settings.schema])
    assert.equal(rows[0].found, null)
    await migratePostgres(client, settings.schema)
  })
})

postgresTest(
  'a newer version’s addition lets this version start, its contraction does not',
  async (t, server) => {
    const settings = settingsOf(server.urlFor(t))
    const store = await openPostgresStore(settings)
    const ada = sampleAccount()
    await store.insertAccount(ada, 'ada')
    assert.deepEqual(await store.findAccount(ada.id), ada)
    const driver = await loadPostgresDriver()
    const apply = (next: readonly Migration[]) =>
      withConnection(driver, settings, (client) =>
        migratePostgres(client, settings.schema, [...migrations, ...next]),
      )
    const added: Migration = {
      number: 900,
      name: 'adds columns',
      statements: [
        'ALTER TABLE users ADD COLUMN note TEXT',
        'ALTER TABLE sessions ADD COLUMN note TEXT',
        'ALTER TABLE audit_events ADD COLUMN note TEXT',
      ],
    }
    await apply([added])
    // Statements that were prepared before go on, and an instance of this version may start again.
    assert.deepEqual(await store.findAccount(ada.id), ada)
    await store.close()
    const again = await openPostgresStore(settings)
    assert.deepEqual(await again.findAccount(ada.id), ada)
    await again.close()
    await apply([added, { number: 901, name: 'drops', statements: [], kind: 'contract' }])
    await assert.rejects(
      openPostgresStore(settings),
      isRefusal('schema', /step 901 \(drops\).*start a newer version/),
    )
  },
)

postgresTest(
  'statements that are prepared survive a new column of every table',
  async (t, server) => {
    const settings = settingsOf(server.urlFor(t, { pool_size: '1' }))
    const store = await openPostgresStore(settings)
    t.after(() => store.close())
    const ada = sampleAccount()
    await store.insertAccount(ada, 'ada')
    const id = newId()
    const now = Date.now()
    await store.insertSession({
      id,
      userId: ada.id,
      salt: systemRandomness(16),
      generation: 1,
      parent: null,
      rotatedAt: now,
      createdAt: now,
      lastUsedAt: now,
      endedAt: null,
      endReason: null,
      epoch: 0,
      userAgent: null,
      ip: null,
      amr: ['pwd'],
      authenticatedAt: now,
    })
    const live = { userId: ada.id, sessionEpoch: 0, usedAfter: 0, createdAfter: 0 }
    const readAll = async () => [
      await store.findAccount(ada.id),
      await store.findSessionWithAccount(id),
      await store.listLiveSessions(live),
      await store.listAccounts({ limit: 5 }),
      await store.listEvents({ limit: 5 }),
      await store.loadKeyring(),
    ]
    const before = await readAll()
    const client = await server.connect(t)
    for (const table of ['users', 'sessions', 'audit_events', 'keyring', 'attempts', 'leases']) {
      await client.query(`ALTER TABLE ${settings.schema}.${table} ADD COLUMN added TEXT`)
    }
    assert.deepEqual(await readAll(), before)
  },
)

postgresTest('a database that was changed in another form is left alone', async (t, server) => {
  const settings = settingsOf(server.urlFor(t))
  await (await openPostgresStore(settings)).close()
  const client = await server.connect(t)
  await client.query(`UPDATE ${settings.schema}.migrations SET checksum = 'other' WHERE number = 1`)
  await assert.rejects(
    openPostgresStore(settings),
    isRefusal('schema', /step 1 was applied in another form/),
  )
})

postgresTest('does not start with a pending step when it may not apply it', async (t, server) => {
  const settings = settingsOf(server.urlFor(t))
  await assert.rejects(
    openPostgresStore(settings, { migrates: false }),
    isRefusal('steps_pending', /pending: 1 \(tables\)/),
  )
  await (await openPostgresStore(settings)).close()
  await (await openPostgresStore(settings, { migrates: false })).close()
})

postgresTest(
  'runs with the right to use its tables and no more, beside tables of the same names',
  async (t, server) => {
    const role = `limited_${randomBytes(4).toString('hex')}`
    const admin = await server.connect(
      t,
      `DROP OWNED BY ${role}; DROP ROLE ${role}; DROP TABLE public.users`,
    )
    await admin.query(`CREATE ROLE ${role} LOGIN`)
    await admin.query('CREATE TABLE IF NOT EXISTS public.users (name text)')
    const settings = settingsOf(server.urlFor(t))
    const { schema } = settings
    const limited = { ...settings, user: role }
    await assert.rejects(openPostgresStore(limited), isRefusal('denied', /lacks a right/))
    await (await openPostgresStore(settings)).close()
    await admin.query(`GRANT USAGE ON SCHEMA ${schema} TO ${role}`)
    await admin.query(
      `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${schema} TO ${role}`,
    )
    const store = await openPostgresStore(limited)
    t.after(() => store.close())
    assert.equal(await store.insertAccount(sampleAccount(), 'ada'), 'inserted')
    assert.equal((await store.listAccounts({ limit: 5 })).length, 1)
  },
)

postgresTest(
  'overrides defaults that would lose or mix what was acknowledged',
  async (t, server) => {
    const settings = settingsOf(server.urlFor(t))
    const role = `careless_${randomBytes(4).toString('hex')}`
    const admin = await server.connect(t, `DROP ROLE ${role}`)
    await admin.query(`CREATE ROLE ${role} LOGIN SUPERUSER`)
    await admin.query(`ALTER ROLE ${role} SET synchronous_commit = off`)
    await admin.query(`ALTER ROLE ${role} SET default_transaction_isolation = 'serializable'`)
    await admin.query(`ALTER ROLE ${role} SET search_path = public`)
    const driver = await loadPostgresDriver()
    await withConnection(driver, { ...settings, user: role }, async (client) => {
      for (const [name, value] of [
        ['synchronous_commit', 'on'],
        ['default_transaction_isolation', 'read committed'],
        ['search_path', settings.schema],
      ] as const) {
        assert.deepEqual((await client.query(`SELECT current_setting($1) AS v`, [name])).rows, [
          { v: value },
        ])
      }
    })
  },
)

postgresTest(
  'lets the server notice within half a minute that its host is gone',
  async (t, server) => {
    const settings = settingsOf(server.urlFor(t))
    const limits = await withConnection(await loadPostgresDriver(), settings, async (client) => {
      const { rows } = await client.query(`SELECT current_setting('tcp_keepalives_idle') AS idle,
      current_setting('tcp_keepalives_interval') AS pause, current_setting('tcp_keepalives_count') AS probes`)
      return rows[0]
    })
    const [idle, pause, probes] = [limits.idle, limits.pause, limits.probes].map(Number) as [
      number,
      number,
      number,
    ]
    // 0 is what the system does by itself: two hours.
    assert.ok(idle > 0 && pause > 0 && probes > 0)
    assert.ok(idle + pause * probes <= 30)
  },
)

postgresTest(
  'keeps text with a NUL apart from every real name, and answers for it',
  async (t, server) => {
    const store = await openPostgresStore(settingsOf(server.urlFor(t)))
    t.after(() => store.close())
    const ada = sampleAccount()
    await store.insertAccount(ada, 'ada')
    assert.equal(await store.findAccountByUsername('ada\0'), undefined)
    assert.equal(await store.findAccount(`${ada.id}\0`), undefined)
    assert.deepEqual(await store.listAccounts({ limit: 5, usernamePart: 'a\0' }), [])
    const window = { limit: 1, windowMs: 60_000, now: Date.now() }
    assert.equal((await store.reserveAttempt('login \0 ada', window)).granted, true)
    assert.equal((await store.reserveAttempt('login \0 ada', window)).granted, false)
    await store.changeProfile(ada.id, { email: 'a\0b' }, Date.now())
    assert.equal((await store.findAccount(ada.id))?.email, 'a\u{fffd}b')
  },
)

postgresTest('says what to do when it is not let in', async (t, server) => {
  const settings = settingsOf(server.urlFor(t))
  const open = (change: Partial<typeof settings>) => openPostgresStore({ ...settings, ...change })
  await assert.rejects(open({ database: 'missing' }), isRefusal('denied', /createdb missing/))
  await assert.rejects(open({ user: 'nobody_here' }), isRefusal('denied', /user nobody_here/))
  await assert.rejects(
    open({ port: 1 }),
    isRefusal('unreachable', /cannot be reached \(ECONNREFUSED\)/),
  )
  await assert.rejects(
    open({ host: 'no-such-host.invalid' }),
    isRefusal('unreachable', /cannot be reached \(E/),
  )
  const tls = {
    verify: 'verify-full',
    authorityFile: undefined,
    certificateFile: undefined,
    keyFile: undefined,
  } as const
  await assert.rejects(open({ tls }), isRefusal('unreachable', /offers no TLS.*sslmode=disable/))
})

postgresTest('refuses an encoding that cannot hold every name', async (t, server) => {
  const database = `latin_${randomBytes(4).toString('hex')}`
  const admin = await server.connect(t, `DROP DATABASE ${database} WITH (FORCE)`)
  await admin.query(
    `CREATE DATABASE ${database} TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'`,
  )
  const settings = { ...settingsOf(server.urlFor(t)), database }
  await assert.rejects(openPostgresStore(settings), isRefusal('schema', /LATIN1.*UTF8/))
})
