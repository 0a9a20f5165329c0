import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test } from 'node:test'

const root = resolve(import.meta.dirname, '../../../..')

test('without the package pg only PostgreSQL is refused, with the mend', (t) => {
  const directory = installWithoutDriver(t)
  const run = (databaseUrl: string): string =>
    execFileSync(process.execPath, ['--conditions=@countersign/source', 'try.ts', databaseUrl], {
      cwd: join(directory, 'packages/server/src'),
      encoding: 'utf8',
    })
  assert.match(run('sqlite::memory:'), /^started/)
  const refusal = run('postgres://ada@localhost/app')
  assert.match(refusal, /^ConfigurationError: /)
  assert.match(refusal, /DATABASE_URL: .*pg is not installed: npm install pg/)
})

/** The library as it is installed where nobody stores in PostgreSQL. */
function installWithoutDriver(t: { after(act: () => void): void }): string {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-no-pg-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const server = join(directory, 'packages/server')
  mkdirSync(join(directory, 'node_modules/@countersign'), { recursive: true })
  for (const part of ['src', 'data', 'package.json']) {
    cpSync(join(root, 'packages/server', part), join(server, part), { recursive: true })
  }
  const modules = join(root, 'node_modules')
  for (const name of readdirSync(modules)) {
    if (name === 'pg' || name === '@countersign' || name.startsWith('.')) continue
    symlinkSync(join(modules, name), join(directory, 'node_modules', name))
  }
  symlinkSync(join(root, 'packages/verify'), join(directory, 'node_modules/@countersign/verify'))
  cpSync(join(import.meta.dirname, 'try-database.fixture.ts'), join(server, 'src/try.ts'))
  return directory
}
