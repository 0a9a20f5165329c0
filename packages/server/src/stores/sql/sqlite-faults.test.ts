// What the embedded database does when its file, its disk or its neighbours fail: a clear refusal, nothing half done,
// and service as before once the cause is gone.

import assert from 'node:assert/strict'
import {
  chmodSync,
  closeSync,
  copyFileSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { StoreUnavailableError } from '../../foundation/store-failure.ts'
import { insertAccount, sampleAccount, sampleEvent, start } from '../contract/subject.ts'
import type { Store } from '../store.ts'
import { createAccountStore } from './account-store.ts'
import { createAuditStore } from './audit-store.ts'
import { migrateSqlite } from './migrations/migrate-sqlite.ts'
import { migrations } from './migrations/migrations.ts'
import { openSqliteStore } from './open-sqlite-store.ts'
import { createSqliteDatabase, openConnection } from './sqlite-database.ts'

const clock = () => start

test('a database that another process has locked refuses writes, serves reads, and recovers', async (t) => {
  const { file, open } = prepare(t)
  const store = await open({ lockPatienceMs: 0 })
  const ada = await insertAccount(store)
  const other = new DatabaseSync(file)
  other.exec('BEGIN IMMEDIATE')
  await refused(store.insertAccount(sampleAccount(), 'bob'), 'locked', /end it, or wait/)
  await refused(store.checkReady(), 'locked', /end it, or wait/)
  assert.deepEqual(await store.findAccount(ada.id), ada)
  await refused(
    open({ lockPatienceMs: 0 }),
    'locked',
    /Cannot open the database .* end it, or wait/,
  )
  other.exec('ROLLBACK')
  other.close()
  await store.checkReady()
  assert.equal(await store.findAccountByUsername('bob'), undefined)
  assert.equal(await store.insertAccount(sampleAccount(), 'bob'), 'inserted')
  await (await open()).checkReady()
})

test('a write that a lock has delayed is carried out once', async (t) => {
  const { file, open } = prepare(t)
  const store = await open()
  const other = new DatabaseSync(file)
  other.exec('BEGIN IMMEDIATE')
  const ada = sampleAccount({ tokenEpoch: 0 })
  const inserted = store.insertAccount(ada, 'ada')
  const raised = store.raiseEpochs(ada.id, start)
  for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve))
  other.exec('COMMIT')
  other.close()
  assert.equal(await inserted, 'inserted')
  assert.equal((await raised)?.tokenEpoch, 1)
})

test('a database that may not be written refuses to open, says why, and opens when it may', async (t) => {
  const { directory, file, open } = prepare(t)
  const store = await open()
  const ada = await insertAccount(store)
  await store.close()
  const content = readFileSync(file)
  const message = /Cannot open the database .*give this user (write )?access to (its|the) file/
  const modes = [
    [0o555, 0o444],
    [0o755, 0o444],
    [0o555, 0o666],
    [0o755, 0o000],
    // Here SQLite makes a log of the same mode, which it never writes to.
    [0o777, 0o444],
  ] as const
  for (const [directoryMode, fileMode] of modes) {
    chmodSync(file, fileMode)
    chmodSync(directory, directoryMode)
    await asOrdinaryUser(() => refused(open(), undefined, message))
    chmodSync(directory, 0o755)
    chmodSync(file, 0o600)
    assert.deepEqual(readFileSync(file), content)
  }
  const again = await open()
  assert.deepEqual(await again.findAccount(ada.id), ada)
})

test('a database that cannot be made says where it may not write', async (t) => {
  const { directory } = prepare(t)
  chmodSync(directory, 0o555)
  const message = /Cannot open the database .*\.db\. Give this user write access to/
  await asOrdinaryUser(async () => {
    await refused(
      openSqliteStore({ file: join(directory, 'new.db'), clock }),
      'unreachable',
      message,
    )
  })
  const below = join(directory, 'below/new.db')
  await asOrdinaryUser(async () => {
    await refused(openSqliteStore({ file: below, clock }), 'unreachable', message)
  })
  writeFileSync(join(directory, 'file'), '')
  await refused(
    openSqliteStore({ file: join(directory, 'file/x.db'), clock }),
    'unreachable',
    message,
  )
})

test('a full disk refuses what needs room, keeps what is there, and recovers', async (t) => {
  const { file } = prepare(t)
  const connection = openConnection(file, 0, (opened) => void migrateSqlite(opened, start))
  const database = createSqliteDatabase(connection, file, 0)
  t.after(() => database.close())
  const store = { ...createAccountStore(database), ...createAuditStore(database) }
  const ada = sampleAccount()
  await store.insertAccount(ada, 'ada')
  const pages = Number(connection.prepare('PRAGMA page_count').get()?.['page_count'])
  connection.exec(`PRAGMA max_page_count = ${pages}`)
  const large = sampleEvent({ userAgent: 'x'.repeat(20_000) })
  const bob = sampleAccount()
  const results = await Promise.allSettled([
    store.insertAccount(bob, 'bob'),
    store.appendEvent(large),
    store.changePassword(ada.id, { to: 'new' }, start),
  ])
  for (const result of results) {
    assert.ok(result.status === 'rejected')
    assertReason(result.reason, 'full', /make room beside the database/)
  }
  assert.deepEqual(await store.findAccount(ada.id), ada, 'nothing is half done')
  assert.equal(await store.findAccount(bob.id), undefined)
  connection.exec('PRAGMA max_page_count = 100000')
  assert.equal(await store.insertAccount(bob, 'bob'), 'inserted')
  await store.appendEvent(large)
  assert.deepEqual(await store.listEvents({ limit: 5 }), [large])
})

test('a file that is no database is refused and left as it is', async (t) => {
  const { file, open } = prepare(t)
  for (const content of ['not a database, but long enough to be one'.repeat(200), 'short']) {
    writeFileSync(file, content)
    await refused(open(), 'corrupt', /Cannot open the database .* damaged: restore a backup/)
    assert.equal(readFileSync(file, 'utf8'), content)
  }
})

test('a damaged database is refused where it is damaged, and serves after its repair', async (t) => {
  const { file, open } = prepare(t)
  const filled = await open()
  const accounts = await Promise.all(Array.from({ length: 200 }, () => insertAccount(filled)))
  await filled.close()
  const backup = `${file}.backup`
  copyFileSync(file, backup)
  damage(file)
  const store = await open()
  const [ada] = accounts
  await refused(store.findAccount(ada?.id ?? ''), 'corrupt', /damaged: restore a backup/)
  await refused(store.listAccounts({ limit: 500 }), 'corrupt', /damaged/)
  await refused(store.insertAccount(sampleAccount(), 'new'), 'corrupt', /damaged/)
  await refused(store.raiseEpochs(ada?.id ?? '', start), 'corrupt', /damaged/)
  await store.close()
  for (const end of ['-wal', '-shm']) rmSync(file + end, { force: true })
  copyFileSync(backup, file)
  const repaired = await open()
  assert.equal((await repaired.listAccounts({ limit: 500 })).length, 200)
  assert.equal(await repaired.insertAccount(sampleAccount(), 'new'), 'inserted')
})

test('a database of a newer version is refused with the mend, and left as it is', async (t) => {
  const { file, open } = prepare(t)
  const facts = { number: migrations.length + 1, name: 'next', kind: 'contract' } as const
  const next = { ...facts, statements: ['CREATE TABLE x (y)'] }
  openConnection(
    file,
    0,
    (opened) => void migrateSqlite(opened, start, [...migrations, next]),
  ).close()
  const content = readFileSync(file)
  await refused(
    open(),
    'schema',
    /Cannot open the database .* start a newer version of Countersign/,
  )
  assert.deepEqual(readFileSync(file), content)
})

test('a database of every older version is brought up to date and serves', async (t) => {
  for (let older = 1; older < migrations.length; older++) {
    const { file, open } = prepare(t)
    const connection = openConnection(
      file,
      0,
      (opened) => void migrateSqlite(opened, start, migrations.slice(0, older)),
    )
    // The columns of the first step: what later ones add has a default.
    connection.exec(`INSERT INTO users (id, username, username_key, email, password_hash, role, disabled,
        session_epoch, token_epoch, epochs_raised_at, created_at, updated_at, deleted_at) VALUES
      ('u', 'Ada', 'ada', NULL, 'hash', 'user', 0, 1, 2, NULL, 3, 4, NULL)`)
    connection.close()
    const store = await open()
    assert.equal((await store.findAccountByUsername('ada'))?.username, 'Ada')
    assert.equal(await store.consumeOnce('code', 'a', start + 1, start), true)
  }
})

test('a file that was moved away or replaced makes the store unready until it is back', async (t) => {
  const { file, open } = prepare(t)
  const store = await open()
  const ada = await insertAccount(store)
  const moved = `${file}.moved`
  renameSync(file, moved)
  await refused(store.checkReady(), 'unreachable', /was moved or replaced/)
  writeFileSync(file, '')
  await refused(store.checkReady(), 'unreachable', /was moved or replaced/)
  renameSync(moved, file)
  await store.checkReady()
  assert.deepEqual(await store.findAccount(ada.id), ada)
})

interface Prepared {
  readonly directory: string
  readonly file: string
  readonly open: (options?: { readonly lockPatienceMs?: number }) => Promise<Store>
}

function prepare(t: TestContext): Prepared {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-faults-'))
  // Another user takes part where the tests run as root, to whom no file is read-only.
  chmodSync(directory, 0o755)
  const file = join(directory, 'countersign.db')
  const opened: Store[] = []
  t.after(async () => {
    for (const store of opened) await store.close()
    chmodSync(directory, 0o755)
    rmSync(directory, { recursive: true })
  })
  const open: Prepared['open'] = async (options) => {
    const store = await openSqliteStore({ file, clock, ...options })
    opened.push(store)
    return store
  }
  return { directory, file, open }
}

async function asOrdinaryUser(act: () => Promise<void>): Promise<void> {
  if (process.getuid?.() !== 0) return act()
  process.seteuid?.(65_534)
  try {
    await act()
  } finally {
    process.seteuid?.(0)
  }
}

/** Writes over every page but the first two, which hold the schema. */
/** Overwrites the roots of the users' table and its indices, and leaves the schema and the list of migrations. */
function damage(file: string): void {
  const database = new DatabaseSync(file)
  const roots = database
    .prepare("SELECT rootpage FROM sqlite_master WHERE tbl_name = 'users' AND rootpage > 0")
    .all()
  database.close()
  const descriptor = openSync(file, 'r+')
  const pageBytes = 4_096
  for (const { rootpage } of roots) {
    const place = (Number(rootpage) - 1) * pageBytes
    writeSync(descriptor, Buffer.alloc(pageBytes, 0xa5), 0, pageBytes, place)
  }
  closeSync(descriptor)
}

async function refused(
  act: Promise<unknown>,
  reason: StoreUnavailableError['reason'] | undefined,
  message: RegExp,
): Promise<void> {
  await assert.rejects(act, (error) => {
    assertReason(error, reason, message)
    return true
  })
}

function assertReason(
  error: unknown,
  reason: StoreUnavailableError['reason'] | undefined,
  message: RegExp,
): void {
  assert.ok(error instanceof StoreUnavailableError, String(error))
  if (reason !== undefined) assert.equal(error.reason, reason)
  assert.match(error.message, message)
}
