// Rules of the code base as tests: what may import what, what must be used, how long a function may be, what must be
// documented. ARCHITECTURE.md draws the levels.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { test } from 'node:test'
import { auditTypes } from './audit-types.ts'
import { longFunctions } from './long-functions.ts'
import { importsOf, packages, sourceFiles, type SourceFile } from './source-files.ts'

const root = resolve(import.meta.dirname, '..')
const serverSource = join(root, 'packages/server/src')

/** The folders of packages/server/src, lowest first. A folder that is missing here fails a test of its own. */
const levels: readonly (readonly string[])[] = [
  ['foundation', 'http', 'config'],
  [
    'accounts',
    'audit',
    'bus',
    'challenges',
    'factors',
    'keys',
    'leases',
    'limits',
    'mail',
    'metrics',
    'one-time',
    'passwords',
    'postgres',
    'revocation',
    'services',
    'sessions',
  ],
  ['authentication', 'credentials', 'redis', 'routing', 'stores', 'tokens'],
  [
    'account-pages',
    'administration',
    'change-address',
    'delete-account',
    'discovery',
    'introspection',
    'development-mailbox',
    'documentation',
    'email-factor',
    'forgotten-password',
    'health',
    'library',
    'maintenance',
    'metrics-endpoint',
    'notices',
    'own-factors',
    'own-sessions',
    'passkeys',
    'password-change',
    'profile',
    'recovery-codes',
    'refresh',
    'revocation-feed',
    'register',
    'relocation',
    'second-step',
    'security-events',
    'sign-in',
    'sign-in-by-mail',
    'sign-out',
    'step-up',
    'totp',
    'verify-address',
  ],
  ['composition'],
]

// The domains of level 1 lean on each other in this direction alone; what is not listed is refused.
const neighbours: Readonly<Record<string, readonly string[]>> = {
  accounts: ['audit', 'leases', 'passwords'],
  bus: ['postgres'],
  factors: ['accounts'],
  metrics: ['audit'],
  revocation: ['accounts', 'bus', 'sessions'],
  sessions: ['accounts'],
}

/** The folders of packages/verify/src, lowest first; guards and verifiers know nothing of each other. */
const verifierSource = join(root, 'packages/verify/src')
const verifierLevels: readonly (readonly string[])[] = [
  ['encoding'],
  ['cryptography'],
  ['tokens'],
  ['issuer'],
  ['revocations'],
  ['guards', 'verifiers'],
]

const files = sourceFiles(root)

test('every folder of the server has a level', () => {
  const known = new Set(levels.flat())
  const unknown = serverFiles()
    .map(folderOf)
    .filter((folder) => folder !== undefined && !known.has(folder))
  assert.deepEqual([...new Set(unknown)], [])
})

test('imports point down the levels, and never sideways between flows', () => {
  const wrong: string[] = []
  for (const file of serverFiles().filter(({ isTest }) => !isTest)) {
    const from = folderOf(file)
    if (from === undefined) continue
    for (const target of relativeImports(file)) {
      const to = folderOf({ ...file, path: target })
      if (to === from || (to !== undefined && mayImport(from, to))) continue
      wrong.push(`${short(file.path)} imports ${short(target)}`)
    }
  }
  assert.deepEqual(wrong, [])
})

test('imports of the verifier point down its levels', () => {
  const wrong: string[] = []
  for (const file of files.filter(
    ({ path, isTest }) => path.startsWith(verifierSource) && !isTest,
  )) {
    const from = folderIn(verifierSource, file.path)
    if (from === undefined) continue
    if (levelOf(file.path) === -1) wrong.push(`${from} has no level`)
    for (const target of relativeImports(file)) {
      const isBelow = levelOf(target) < levelOf(file.path) && levelOf(target) !== -1
      if (folderIn(verifierSource, target) !== from && !isBelow) {
        wrong.push(`${short(file.path)} imports ${short(target)}`)
      }
    }
  }
  assert.deepEqual(wrong, [])
})

test('a package imports only what it declares', () => {
  const wrong: string[] = []
  for (const { directory, manifest } of packages(root)) {
    const declared = new Set([
      manifest.name,
      ...Object.keys({
        ...manifest.dependencies,
        ...manifest.optionalDependencies,
        ...manifest.peerDependencies,
      }),
    ])
    const own = files.filter(({ path, isTest }) => path.startsWith(directory + sep) && !isTest)
    for (const file of own) {
      for (const name of packageImports(file)) {
        if (!declared.has(name)) wrong.push(`${short(file.path)} imports ${name}`)
      }
    }
  }
  assert.deepEqual(wrong, [])
})

test('every source file is used', () => {
  const doors = packages(root).flatMap(({ directory, manifest }) => [
    join(directory, 'src/main.ts'),
    join(directory, 'bin/countersign.js'),
    // What index.html loads.
    join(directory, 'documentation-page/main.js'),
    join(directory, 'documentation-page/theme.js'),
    join(directory, 'account-page/main.js'),
    ...Object.values(manifest.exports ?? {}).flatMap((target) =>
      typeof target === 'object' ? [resolve(directory, target['@countersign/source'] ?? '')] : [],
    ),
  ])
  const reached = new Set<string>()
  const queue = [...doors]
  const byPath = new Map(files.map((file) => [file.path, file]))
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    const file = byPath.get(path)
    if (file === undefined || reached.has(path)) continue
    reached.add(path)
    queue.push(...relativeImports(file))
  }
  const unused = files
    .filter(({ path, isTest }) => path.includes(`${sep}packages${sep}`) && !isTest)
    .filter(({ path }) => !reached.has(path))
  assert.deepEqual(
    unused.map(({ path }) => short(path)),
    [],
  )
})

test('no function is longer than seventy lines', async () => {
  const long = files.filter(({ isTest }) => !isTest).flatMap((file) => longFunctions(file, 70))
  assert.deepEqual(
    long.map(({ path, line, name, lines }) => `${short(path)}:${line} ${name} ${lines}`),
    [],
  )
})

test('no folder is named for what it is not about', () => {
  const vague = new Set(['utils', 'util', 'helpers', 'common', 'shared', 'manager', 'misc', 'lib'])
  const named = files.flatMap(({ path }) =>
    [...dirname(short(path)).split(sep), basename(path, '.ts')].filter((part) => vague.has(part)),
  )
  assert.deepEqual(named, [])
})

test('every problem code is documented', async () => {
  const { problemKinds } = await import('@countersign/server')
  const reference = readFileSync(join(root, 'docs/problems.md'), 'utf8')
  const missing = Object.entries(problemKinds)
    .map(([code, { status, message }]) => `| \`${code}\` | ${status} | ${message} |`)
    .filter((row) => !reference.includes(row))
  assert.deepEqual(missing, [])
})

test('every audit event is documented', () => {
  const reference = readFileSync(join(root, 'docs/audit-events.md'), 'utf8')
  const types = auditTypes(readFileSync(join(serverSource, 'audit/event.ts'), 'utf8'))
  assert.ok(types.length > 10)
  assert.deepEqual(
    types.filter((type) => !reference.includes(`| \`${type}\` |`)),
    [],
  )
})

test('the configuration in the README is the configuration there is', async () => {
  const { renderOptionReference } = await import('@countersign/server/config')
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  assert.ok(readme.includes(renderOptionReference()), 'run node tools/write-reference.ts')
})

function levelOf(path: string): number {
  const folder = folderIn(verifierSource, path) ?? ''
  return verifierLevels.findIndex((level) => level.includes(folder))
}

function serverFiles(): readonly SourceFile[] {
  return files.filter(({ path }) => path.startsWith(serverSource + sep))
}

/** The folder under packages/server/src, undefined for the files at its top, which may import everything. */
function folderOf({ path }: Pick<SourceFile, 'path'>): string | undefined {
  return folderIn(serverSource, path)
}

function folderIn(source: string, path: string): string | undefined {
  const parts = relative(source, path).split(sep)
  return parts.length > 1 && parts[0] !== '..' ? parts[0] : undefined
}

function mayImport(from: string, to: string): boolean {
  const fromLevel = levels.findIndex((level) => level.includes(from))
  const toLevel = levels.findIndex((level) => level.includes(to))
  if (fromLevel === toLevel) {
    // Level 0 and 2 are layers of one thing; the domains of level 1 only as listed; the flows of level 3 never.
    return fromLevel === 1 ? (neighbours[from] ?? []).includes(to) : fromLevel !== 3
  }
  return toLevel < fromLevel
}

function relativeImports(file: SourceFile): readonly string[] {
  return importsOf(file)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => resolve(dirname(file.path), specifier))
}

function packageImports(file: SourceFile): readonly string[] {
  return importsOf(file)
    .filter((specifier) => !specifier.startsWith('.') && !specifier.startsWith('node:'))
    .map((specifier) =>
      specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/'),
    )
}

function short(path: string): string {
  return relative(root, path)
}
