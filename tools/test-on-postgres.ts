// Runs every test that needs PostgreSQL on the versions that are named: `npm run test:postgres -- 14 18`. Without a name it
// is the oldest and the newest that Countersign supports.

import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { installPostgres } from './servers/postgres-versions.ts'

const named = process.argv.slice(2)
const fixtures = /postgres\.fixture|every-database\.fixture/
const files = globSync('packages/*/src/**/*.test.ts').filter((file) =>
  fixtures.test(readFileSync(file, 'utf8')),
)
const failed: string[] = []
for (const major of named.length > 0 ? named : ['14', '18']) {
  const binaries = await installPostgres(major)
  const { stdout } = spawnSync(`${binaries}/postgres`, ['--version'], { encoding: 'utf8' })
  const words = ['--conditions=@countersign/source', '--test', '--test-concurrency=1', ...files]
  const environment = {
    ...process.env,
    POSTGRES_BINARIES: binaries,
    COUNTERSIGN_REQUIRE_STORES: 'postgres',
  }
  const { status } = spawnSync(process.execPath, words, { stdio: 'inherit', env: environment })
  console.log(`${status === 0 ? 'covered' : 'FAILED'}: ${stdout.trim()}, ${files.length} files`)
  if (status !== 0) failed.push(major)
}
process.exitCode = failed.length > 0 ? 1 : 0
