import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parsePostgresUrl } from './parse-postgres-url.ts'
import type { PostgresSettings } from './settings.ts'

function settingsOf(url: string): PostgresSettings {
  const parsed = parsePostgresUrl(url)
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.mistakes.join('\n'))
  return parsed.settings
}

function mistakesOf(url: string): string {
  const parsed = parsePostgresUrl(url)
  assert.ok(!parsed.ok, `${url} was accepted`)
  return parsed.mistakes.join('\n')
}

test('takes the URL apart, escapes included', () => {
  const settings = settingsOf(
    'postgresql://ada%40home:p%40ss%2Fw%3Ard@db.example.com:6543/my%20data?application_name=api',
  )
  assert.equal(settings.user, 'ada@home')
  assert.equal(settings.password, 'p@ss/w:rd')
  assert.equal(settings.host, 'db.example.com')
  assert.equal(settings.port, 6543)
  assert.equal(settings.database, 'my data')
  assert.equal(settings.applicationName, 'api')
})

test('has libpq’s defaults, and bounds on every wait', () => {
  const settings = settingsOf('postgres://ada@localhost/app')
  assert.equal(settings.port, 5432)
  assert.equal(settings.password, undefined)
  assert.equal(settings.schema, 'countersign')
  assert.deepEqual(
    [
      settings.poolSize,
      settings.connectTimeoutMs,
      settings.statementTimeoutMs,
      settings.lockTimeoutMs,
    ],
    [10, 3_000, 5_000, 2_000],
  )
})

test('reads addresses of every kind', () => {
  assert.equal(settingsOf('postgres://ada@[2001:db8::1]:5433/app').host, '2001:db8::1')
  assert.equal(settingsOf('postgres://ada@%2Frun%2Fpostgresql/app').host, '/run/postgresql')
  assert.equal(settingsOf('postgres://ada@/app?host=/run/postgresql').host, '/run/postgresql')
  assert.equal(settingsOf('postgres://ada:a@b@host/app').password, 'a@b')
})

test('bare numbers count as they do for PostgreSQL', () => {
  const settings = settingsOf(
    'postgres://a@h/d?connect_timeout=2&statement_timeout=700&lock_timeout=1s',
  )
  assert.equal(settings.connectTimeoutMs, 2_000)
  assert.equal(settings.statementTimeoutMs, 700)
  assert.equal(settings.lockTimeoutMs, 1_000)
})

function verifies(url: string): string | undefined {
  return settingsOf(url).tls?.verify
}

test('verifies TLS in full unless told otherwise, and goes without only on this machine', () => {
  assert.equal(verifies('postgres://a@db.example.com/d'), 'verify-full')
  assert.equal(verifies('postgres://a@10.0.0.7/d'), 'verify-full')
  assert.equal(verifies('postgres://a@127.evil.example/d'), 'verify-full')
  for (const here of ['localhost', '127.0.0.1', '[::1]', '%2Frun%2Fpostgresql']) {
    assert.equal(verifies(`postgres://a@${here}/d`), undefined, here)
  }
  assert.equal(verifies('postgres://a@localhost/d?sslmode=verify-full'), 'verify-full')
  assert.equal(verifies('postgres://a@db.example.com/d?sslmode=disable'), undefined)
  assert.equal(verifies('postgres://a@db.example.com/d?sslmode=require'), 'nothing')
  assert.equal(verifies('postgres://a@h/d?sslmode=require&sslrootcert=system'), 'verify-ca')
})

test('refuses modes that may end without TLS, and certificates without it', () => {
  for (const mode of ['prefer', 'allow', 'no-verify', 'true']) {
    assert.match(mistakesOf(`postgres://a@h.example/d?sslmode=${mode}`), /sslmode is none of/)
  }
  assert.match(mistakesOf('postgres://a@localhost/d?sslrootcert=system'), /no TLS/)
  assert.match(mistakesOf('postgres://a@h.example/d?sslcert=/dev/null'), /go together/)
  assert.match(mistakesOf('postgres://a@h.example/d?sslrootcert=/nowhere.pem'), /cannot be read/)
})

test('refuses what it does not know, and lists everything at once', () => {
  const mistakes = mistakesOf('postgres://host:port/?sslmod=disable&pool_size=0&schema=a%20b')
  for (const wanted of [
    /host and port/,
    /no user/,
    /no database/,
    /not known/,
    /pool_size/,
    /schema/,
  ]) {
    assert.match(mistakes, wanted)
  }
  for (const several of [
    'postgres://a@h1,h2/d',
    'postgres://a:p@h1:5432,h2:5433/d?target_session_attrs=read-write',
    'postgres://a@/d?host=h1,h2',
  ]) {
    assert.match(mistakesOf(several), /several hosts: name one address, which follows the primary/)
  }
  assert.match(mistakesOf('postgres://a@h:99999/d'), /port/)
  assert.match(mistakesOf('postgres://a@h/d?statement_timeout=1h'), /statement_timeout is no time/)
  assert.match(mistakesOf('postgres://a@h/d?connect_timeout=0'), /connect_timeout is no time/)
  assert.match(mistakesOf('postgres://a@h/d?statement_timeout=8s'), /exceed 9s together/)
  assert.match(mistakesOf('postgres://a@h/d?pool_size=3&pool_size=4'), /twice/)
  assert.match(mistakesOf('postgres://a@h/d?schema=pg_catalog'), /schema/)
})

test('every parameter is documented', () => {
  const [, known = ''] = /known are (.*)\./.exec(mistakesOf('postgres://a@h/d?x=1')) ?? []
  const names = known.split(', ')
  assert.ok(names.length > 8)
  const page = readFileSync(new URL('../../../../docs/postgresql.md', import.meta.url), 'utf8')
  const rows = page.split('\n').filter((line) => line.startsWith('| `'))
  assert.deepEqual(
    names.filter((name) => !rows.some((row) => row.split('|')[1]?.includes(`\`${name}\``))),
    [],
  )
})

test('never repeats a password, however the URL is broken', () => {
  for (const url of [
    'postgres://ada:hunter2/x@host/app',
    'postgres://ada:hunter2?x@host/app',
    'postgres://ada:hunter2#x@host/app',
    'postgres://ada:x?hunter2@host/app',
    'postgres://ada:hunter2%@host/app',
    'postgres://ada:hunter2@host:port/app',
    'postgres:ada:hunter2@host/app',
  ]) {
    assert.doesNotMatch(mistakesOf(url), /hunter2/, url)
  }
})
