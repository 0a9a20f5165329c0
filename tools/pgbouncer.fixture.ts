// PgBouncer, from the machine's own package, before a PostgreSQL server of the tests; PGBOUNCER names another program.

import { spawnSync } from 'node:child_process'
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { TestContext } from 'node:test'
import { unprivilegedUser } from './postgres.fixture.ts'
import { endingWithParent, findFreePort, startProcess } from './servers/server-process.ts'

const program = process.env['PGBOUNCER'] ?? 'pgbouncer'
// Debian keeps it where only root's PATH leads.
const searched = { ...process.env, PATH: `${process.env['PATH']}${delimiter}/usr/sbin` }

/** Why there is none, undefined when there is one. */
export function whyNoPgbouncer(): string | undefined {
  const found = spawnSync(program, ['--version'], { env: searched })
  return found.status === 0 ? undefined : `there is no ${program} (Debian: pgbouncer)`
}

export interface PgbouncerSettings {
  readonly pool_mode: 'session' | 'transaction' | 'statement'
  readonly [setting: string]: string | number
}

/** The same URL by way of a pooler, which ends after the test. All but these settings are its defaults. */
export async function poolerFor(
  t: TestContext,
  url: string,
  settings: PgbouncerSettings,
): Promise<string> {
  const { hostname, port: serverPort } = new URL(url)
  const port = await findFreePort()
  const directory = mkdtempSync(join(tmpdir(), 'countersign-pgbouncer-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const file = join(directory, 'pgbouncer.ini')
  const lines = Object.entries({
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: '',
    auth_type: 'any',
    ...settings,
  }).map(([name, value]) => `${name} = ${value}`)
  writeFileSync(
    file,
    `[databases]\n* = host=${hostname} port=${serverPort} user=postgres\n[pgbouncer]\n${lines.join('\n')}\n`,
  )
  // It does not run as root.
  const user = unprivilegedUser()
  if (user) chownSync(directory, user.uid, user.gid)
  const options = { ...user, env: searched }
  const running = await startProcess(...endingWithParent(program, [file]), /process up/, options)
  t.after(() => running.kill())
  const pooled = new URL(url)
  pooled.port = `${port}`
  return pooled.href
}
