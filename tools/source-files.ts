import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface SourceFile {
  readonly path: string
  readonly text: string
  /** A test, or what only tests use. */
  readonly isTest: boolean
}

export interface Manifest {
  readonly name: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>
}

/** Every source file of the project: TypeScript, and the scripts that browsers load as they are. */
export function sourceFiles(root: string): readonly SourceFile[] {
  const exclude = ['**/node_modules/**', '**/dist/**']
  return globSync('{packages,conformance,failover,bench,examples,tools}/**/*.{ts,js}', {
    cwd: root,
    exclude,
  })
    .map((name) => join(root, name))
    .map((path) => ({
      path,
      text: readFileSync(path, 'utf8'),
      isTest: /\.(test|fixture)\.ts$/.test(path),
    }))
}

/** What the file imports, types included (also in comments of scripts), statically or with `import('…')`. */
export function importsOf({ text }: SourceFile): readonly string[] {
  const pattern =
    /(?:^|\n)\s*(?:import|export)\s[^'"`;]*?from\s*'([^']+)'|(?:^|\n)import\s*'([^']+)'|import\('([^']+)'\)|@import\s[^'"`;]*?from\s*'([^']+)'/g
  return [...text.matchAll(pattern)].map(
    (match) => match.slice(1).find((name) => name !== undefined) ?? '',
  )
}

export function packages(root: string): readonly { directory: string; manifest: Manifest }[] {
  return globSync('packages/*', { cwd: root })
    .map((name) => join(root, name))
    .filter((directory) => existsSync(join(directory, 'package.json')))
    .map((directory) => ({
      directory,
      manifest: JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Manifest,
    }))
}
