// The checkout as it stands, in a directory that a test may write to: every file that git tracks or would, and packages
// installed as `npm ci` installs them, the workspace's own as links to the copy and all others as links to the original.

import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { root, succeed } from './run.fixture.ts'

export interface Checkout {
  readonly directory: string
  dispose(): void
}

export async function copyCheckout(): Promise<Checkout> {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-checkout-'))
  const listed = await succeed('git', ['ls-files', '-co', '--exclude-standard', '-z'], {
    cwd: root,
  })
  for (const name of listed.split('\0').filter((name) => existsSync(join(root, name)))) {
    if (name === '') continue
    mkdirSync(dirname(join(directory, name)), { recursive: true })
    cpSync(join(root, name), join(directory, name))
  }
  linkModules(join(root, 'node_modules'), join(directory, 'node_modules'))
  return { directory, dispose: () => rmSync(directory, { recursive: true, force: true }) }
}

/** Links that lead into the workspace are kept as they are, so that in the copy they lead into the copy. */
function linkModules(from: string, to: string): void {
  mkdirSync(to)
  for (const name of readdirSync(from)) {
    const source = join(from, name)
    if (lstatSync(source).isSymbolicLink()) symlinkSync(readlinkSync(source), join(to, name))
    else if (name === '.bin' || name === '@countersign') linkModules(source, join(to, name))
    else symlinkSync(source, join(to, name))
  }
}
