// PostgreSQL for tests: the server that POSTGRES_URL names, or one of the tests' own, started from installed binaries on
// a free port and stopped again. Nothing is replaced by an imitation: without a server the tests that need one say so.

import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chownSync, existsSync, globSync, mkdtempSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { isStoreRequired } from './required-stores.ts'

export interface PostgresServer {
  /** For people. */
  readonly description: string
  /** A URL whose schema no other test uses, dropped after this one. Parameters are added to it. */
  urlFor(t: TestContext, parameters?: Readonly<Record<string, string>>): string
  /** The same for who cleans up himself. */
  newSchema(parameters?: Readonly<Record<string, string>>): TestSchema
  /** A connection past the code under test, closed after the test; before that it runs `farewell`. */
  connect(t: TestContext, farewell?: string): Promise<Client>
}

export interface TestSchema {
  readonly url: string
  /** A connection past the code under test that sees this schema. */
  connect(): Promise<Client>
  drop(): Promise<void>
}

/** One that the test may do anything to. */
export interface OwnPostgresServer extends PostgresServer {
  readonly port: number
  readonly directory: string
  start(): Promise<void>
  /** `kill -9` for all of its processes at once, as when the machine loses its power. */
  kill(): Promise<void>
  /** `fast`: connections are cut, changes under way rolled back. */
  stop(): Promise<void>
  log(): string
}

/** Why there is no server, undefined when there is one. */
export function whyNoPostgres(): string | undefined {
  return process.env['POSTGRES_URL'] === undefined ? whyNoOwnPostgres() : undefined
}

function whyNoOwnPostgres(): string | undefined {
  if (findBinaries() === undefined) {
    return 'PostgreSQL: neither POSTGRES_URL nor installed binaries (Debian: apt-get install postgresql)'
  }
  if (isRoot() && findUnprivilegedUser() === undefined) {
    return 'PostgreSQL does not run as root, and there is no user postgres or nobody'
  }
  return undefined
}

/** A test that runs on a PostgreSQL server, shared by the tests of a file. */
export function postgresTest(
  name: string,
  run: (t: TestContext, server: PostgresServer) => Promise<void>,
): void {
  registerTest(name, whyNoPostgres(), async (t) => run(t, await sharedPostgres()))
}

/** A test that may kill its server. */
export function ownPostgresTest(
  name: string,
  run: (t: TestContext, server: OwnPostgresServer) => Promise<void>,
): void {
  registerTest(name, whyNoOwnPostgres(), async (t) => run(t, await startPostgres(t)))
}

/** Registers tests that need a PostgreSQL server, or one that says why there is none. */
export function onPostgres(name: string, register: () => void): void {
  if (whyNoPostgres() === undefined) register()
  else postgresTest(name, async () => undefined)
}

function registerTest(
  name: string,
  reason: string | undefined,
  run: (t: TestContext) => Promise<void>,
): void {
  if (reason !== undefined && isStoreRequired('postgres')) test(name, () => assert.fail(reason))
  else test(name, { skip: reason ?? false }, run)
}

let shared: Promise<PostgresServer> | undefined

/** Started once for this process; it ends with it. */
export function sharedPostgres(): Promise<PostgresServer> {
  return (shared ??= openShared())
}

async function openShared(): Promise<PostgresServer> {
  const url = process.env['POSTGRES_URL']
  return url === undefined ? startPostgres() : describeServer(url, 'named by POSTGRES_URL')
}

async function describeServer(url: string, origin: string): Promise<PostgresServer> {
  const client = new Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query<{ server_version: string }>('SHOW server_version')
  await client.end()
  return { description: `PostgreSQL ${rows[0]?.server_version}, ${origin}`, ...access(url) }
}

function access(url: string): Pick<PostgresServer, 'urlFor' | 'newSchema' | 'connect'> {
  const newSchema: PostgresServer['newSchema'] = (parameters = {}) => {
    const schema = `test_${randomBytes(6).toString('hex')}`
    const query = new URLSearchParams({ schema, ...parameters })
    return {
      url: `${url}${url.includes('?') ? '&' : '?'}${query}`,
      connect: () => connectTo(url, `-c search_path=${schema}`),
      drop: async () => {
        // The test may have taken the server away.
        const client = await connectTo(url).catch(() => undefined)
        await client?.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`)
        await client?.end()
      },
    }
  }
  return {
    newSchema,
    connect: async (t, farewell) => {
      const client = await connectTo(url)
      t.after(async () => {
        if (farewell !== undefined) await client.query(farewell)
        await client.end()
      })
      return client
    },
    urlFor: (t, parameters) => {
      const schema = newSchema(parameters)
      t.after(() => schema.drop())
      return schema.url
    },
  }
}

async function connectTo(url: string, options?: string): Promise<Client> {
  const client = new Client({ connectionString: url, ...(options && { options }) })
  // A test may take its server away while this is open.
  client.on('error', () => undefined)
  await client.connect()
  return client
}

/** @param t ends the server after this test, or whatever else runs what it was given; without it, with the process */
export async function startPostgres(
  t?: { after(end: () => Promise<void>): void },
  settings: readonly string[] = [],
  fill: FillData = initialize,
): Promise<OwnPostgresServer> {
  const binaries = findBinaries()
  assert.ok(binaries !== undefined, 'PostgreSQL is not installed')
  const user = unprivilegedUser()
  const directory = mkdtempSync(join(tmpdir(), 'countersign-postgres-'))
  if (user) chownSync(directory, user.uid, user.gid)
  const data = join(directory, 'data')
  fill(data, binaries, user)
  const port = await findFreePort()
  const guard = startGuard(directory, user, [
    join(binaries, 'postgres'),
    ...argumentsOf({ D: data, k: directory, h: '127.0.0.1', p: port }),
    ...settings.flatMap((line) => ['-c', line]),
  ])
  t?.after(() => endGuard(guard))
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  const control = controlOf(guard, directory, url)
  await control.start()
  const { description } = await describeServer(url, `started from ${binaries}`)
  return { description, port, directory, ...access(url), ...control }
}

/** Makes a data directory, of which this user is the owner. */
export type FillData = (data: string, binaries: string, user: Identity | undefined) => void

function initialize(data: string, binaries: string, user: Identity | undefined): void {
  execFileSync(
    join(binaries, 'initdb'),
    ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-sync'],
    { ...user, cwd: dirname(data), stdio: 'pipe' as const },
  )
}

function argumentsOf(options: Readonly<Record<string, string | number>>): readonly string[] {
  return Object.entries(options).flatMap(([name, value]) => [`-${name}`, `${value}`])
}

function controlOf(guard: ChildProcess, directory: string, url: string) {
  const pidFile = join(directory, 'data/postmaster.pid')
  const pid = (): number => Number(readFileSync(pidFile, 'utf8').split('\n')[0])
  const log = (): string => readFileSync(join(directory, 'log'), 'utf8')
  return {
    log,
    start: async () => {
      guard.stdin?.write('start\n')
      await untilItAnswers(url, log)
    },
    kill: async () => {
      const pids = [pid(), ...childrenOf(pid())]
      for (const one of pids) killIfThere(one, 'SIGKILL')
      await untilGone(pids)
    },
    stop: async () => {
      const postmaster = pid()
      process.kill(postmaster, 'SIGINT')
      await untilGone([postmaster])
    },
  }
}

// Starts the server at each line, and ends it and removes its files when the line ends: also when this process is
// killed, for then the pipe is closed.
const guardScript = `
  directory=$0
  while read -r line; do "$@" >>"$directory/log" 2>&1 </dev/null & done
  kill -QUIT "$(head -n 1 "$directory/data/postmaster.pid")" 2>/dev/null
  wait
  rm -rf "$directory"
`

function startGuard(
  directory: string,
  user: Identity | undefined,
  command: readonly string[],
): ChildProcess {
  const guard = spawn('/bin/sh', ['-c', guardScript, directory, ...command], {
    ...user,
    cwd: directory,
    stdio: ['pipe', 'ignore', 'ignore'],
    // A Ctrl-C in the terminal is for the tests; the guard follows when they are gone.
    detached: true,
  })
  guard.unref()
  ;(guard.stdin as { unref?(): void } | null)?.unref?.()
  return guard
}

async function endGuard(guard: ChildProcess): Promise<void> {
  if (guard.exitCode !== null) return
  guard.ref()
  const ended = once(guard, 'exit')
  guard.stdin?.end()
  await ended
}

async function untilItAnswers(url: string, log: () => string): Promise<void> {
  const started = performance.now()
  for (;;) {
    const client = new Client({ connectionString: url, connectionTimeoutMillis: 1_000 })
    client.on('error', () => undefined)
    try {
      await client.connect()
      await client.end()
      return
    } catch (error) {
      const isLate = performance.now() - started > 60_000
      if (isLate) throw new Error(`PostgreSQL did not start:\n${log()}`, { cause: error })
      await sleep(30)
    }
  }
}

/** Those in the directory that POSTGRES_BINARIES names, or else the newest version that is installed. */
function findBinaries(): string | undefined {
  const named = process.env['POSTGRES_BINARIES']
  if (named !== undefined) return named
  const candidates = [
    ...globSync('/usr/lib/postgresql/*/bin').toSorted(byVersion).toReversed(),
    ...(process.env['PATH'] ?? '').split(':'),
  ]
  return candidates.find((path) =>
    ['initdb', 'postgres'].every((name) => existsSync(join(path, name))),
  )
}

function byVersion(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true })
}

/** Who runs the servers that refuse to run as root; undefined for whoever runs the tests. */
export function unprivilegedUser(): Identity | undefined {
  return isRoot() ? findUnprivilegedUser() : undefined
}

export interface Identity {
  readonly uid: number
  readonly gid: number
}

function isRoot(): boolean {
  return process.getuid?.() === 0
}

function findUnprivilegedUser(): Identity | undefined {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n')
  return ['postgres', 'nobody']
    .map((name) => lines.find((line) => line.startsWith(`${name}:`))?.split(':'))
    .filter((fields) => fields !== undefined)
    .map((fields) => ({ uid: Number(fields[2]), gid: Number(fields[3]) }))[0]
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  assert.ok(address !== null && typeof address === 'object')
  return address.port
}

function childrenOf(pid: number): number[] {
  const found = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return found === '' ? [] : found.split(' ').map(Number)
}

/** Whether it has ended, though nobody may have asked yet how. */
function hasEnded(pid: number): boolean {
  try {
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return true
  }
}

async function untilGone(pids: readonly number[]): Promise<void> {
  while (pids.some((pid) => !hasEnded(pid))) await sleep(10)
}

function killIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It ended by itself since the list was read.
  }
}
