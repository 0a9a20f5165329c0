// The packages as a user gets them: built, packed, and installed from the tarballs into an empty project.

import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { copyCheckout } from './checkout.fixture.ts'
import { root, succeed } from './run.fixture.ts'

interface LockEntry {
  readonly version?: string
  readonly resolved?: string
  readonly integrity?: string
  readonly link?: boolean
  readonly dev?: boolean
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

type Lock = Readonly<Record<string, LockEntry>>

export interface Tarball {
  readonly name: string
  /** Where its sources are in the workspace: `packages/server`. */
  readonly workspace: string
  readonly path: string
  readonly files: readonly string[]
}

/** What `npm pack --json` tells of a package. */
interface PackReport {
  readonly name: string
  readonly filename: string
  readonly files: readonly { readonly path: string }[]
}

export interface Packed {
  readonly tarballs: readonly Tarball[]
  dispose(): void
}

/** Builds the packages in a copy of the checkout and packs them. */
export async function packPackages(): Promise<Packed> {
  const checkout = await copyCheckout()
  const cwd = checkout.directory
  await succeed('npm', ['run', 'build'], { cwd })
  const directory = mkdtempSync(join(tmpdir(), 'countersign-tarballs-'))
  const tarballs: Tarball[] = []
  const workspaces = Object.keys(readLock()).filter((place) => place.startsWith('packages/'))
  for (const workspace of workspaces) {
    const words = ['pack', '--json', '--ignore-scripts', '--pack-destination', directory]
    const out = await succeed('npm', words, { cwd: join(cwd, workspace) })
    const [{ name, filename, files }] = JSON.parse(out) as [PackReport]
    const paths = files.map(({ path }) => path)
    tarballs.push({ name, workspace, path: join(directory, filename), files: paths })
  }
  checkout.dispose()
  return { tarballs, dispose: () => rmSync(directory, { recursive: true, force: true }) }
}

export interface Project {
  readonly directory: string
  dispose(): void
}

/**
 * An empty project with these tarballs and packages from the registry. The lock file gives the very versions of this
 * checkout, so that npm takes them from its cache when `npm ci` has been run here, and asks no registry for newer ones.
 */
export async function installPackages(
  tarballs: readonly Tarball[],
  others: readonly string[],
): Promise<Project> {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-installed-'))
  mkdirSync(join(directory, 'tarballs'))
  const lock = readLock()
  const dependencies: Record<string, string> = {}
  const entries: Record<string, LockEntry> = {}
  for (const { name, workspace, path } of tarballs) {
    const bytes = readFileSync(path)
    const resolved = `file:tarballs/${path.split('/').at(-1)}`
    writeFileSync(join(directory, resolved.slice('file:'.length)), bytes)
    const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`
    dependencies[name] = resolved
    entries[`node_modules/${name}`] = { ...lock[workspace], resolved, integrity }
    collect(lock, workspace, entries)
  }
  for (const name of others) {
    dependencies[name] = lock[`node_modules/${name}`]?.version ?? ''
    collectPackage(lock, `node_modules/${name}`, entries)
  }
  const manifest = {
    name: 'installed',
    version: '1.0.0',
    private: true,
    type: 'module',
    dependencies,
  }
  const packages = { '': manifest, ...entries }
  const files = {
    'package.json': manifest,
    'package-lock.json': { name: 'installed', version: '1.0.0', lockfileVersion: 3, packages },
  }
  for (const [name, value] of Object.entries(files)) {
    writeFileSync(join(directory, name), JSON.stringify(value, null, 2))
  }
  const quiet = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund']
  // A connection that hangs is given up after half a minute, and not after npm's five.
  const patience = ['--fetch-timeout=30000', '--fetch-retries=5']
  await succeed('npm', ['install', ...quiet, ...patience], { cwd: directory })
  return { directory, dispose: () => rmSync(directory, { recursive: true, force: true }) }
}

function readLock(): Lock {
  const text = readFileSync(join(root, 'package-lock.json'), 'utf8')
  return (JSON.parse(text) as { packages: Lock }).packages
}

/** Adds everything that the package at this place of the lock file needs. */
function collect(lock: Lock, place: string, entries: Record<string, LockEntry>): void {
  const { dependencies, optionalDependencies } = lock[place] ?? {}
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
    const found = whereInstalled(lock, place, name)
    if (found !== undefined && lock[found]?.link !== true) collectPackage(lock, found, entries)
  }
}

function collectPackage(lock: Lock, place: string, entries: Record<string, LockEntry>): void {
  if (entries[place] !== undefined) return
  const { dev: _dev, ...entry } = lock[place] ?? {}
  entries[place] = entry
  collect(lock, place, entries)
}

/** As Node looks for packages: beside, then further and further out. */
function whereInstalled(lock: Lock, place: string, name: string): string | undefined {
  for (let from = place; ; from = from.slice(0, Math.max(0, from.lastIndexOf('/')))) {
    const candidate = from === '' ? `node_modules/${name}` : `${from}/node_modules/${name}`
    if (lock[candidate] !== undefined) return candidate
    if (from === '') return undefined
  }
}
