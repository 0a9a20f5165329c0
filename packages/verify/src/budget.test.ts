import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, test } from 'node:test'
import { build } from 'esbuild'

const folder = resolve(import.meta.dirname, '..')
const manifest: {
  dependencies?: Record<string, string>
  exports: Record<string, Record<string, string>>
} = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))

const LIMIT_BYTES = 60_000
/** README.md says so. */
const USUAL_LIMIT_BYTES = 40_000

/** Every door, with all it needs, as one minified file. */
async function bundle(entries: readonly string[]): Promise<{ bytes: number; outside: string[] }> {
  const result = await build({
    stdin: {
      contents: entries.map((entry, at) => `export * as door${at} from './${entry}'`).join('\n'),
      resolveDir: folder,
    },
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'esm',
    target: 'es2024',
    packages: 'external',
    external: ['node:*'],
    logLevel: 'silent',
  })
  const imports = Object.values(result.metafile.outputs).flatMap(({ imports }) => imports)
  const outside = [...new Set(imports.map(({ path }) => path))].sort()
  return {
    bytes: result.outputFiles.reduce((sum, { contents }) => sum + contents.length, 0),
    outside,
  }
}

const doors = Object.entries(manifest.exports).map(
  ([name, conditions]) => [name, conditions['@countersign/source'] ?? ''] as const,
)

describe('the size of the package', () => {
  test('is under 60 kB minified, with every door', async () => {
    const { bytes } = await bundle(doors.map(([, source]) => source))
    assert.ok(bytes > 5000, 'something was bundled')
    assert.ok(bytes < LIMIT_BYTES, `${bytes} bytes`)
  })

  test('is under 40 kB without the guards of frameworks, as its README says', async () => {
    const main = doors.filter(([name]) => name === '.').map(([, source]) => source)
    const { bytes } = await bundle(main)
    assert.ok(bytes < USUAL_LIMIT_BYTES, `${bytes} bytes`)
    const readme = readFileSync(join(folder, 'README.md'), 'utf8')
    assert.match(readme, /under 40 kB minified/)
  })

  test('comes without dependencies', () => {
    assert.deepEqual(Object.keys(manifest.dependencies ?? {}), [])
  })

  for (const [name, source] of doors) {
    test(`${name} needs nothing at run time but ${name === '.' ? 'node:crypto' : 'itself'}`, async () => {
      const { outside } = await bundle([source])
      assert.deepEqual(outside, name === '.' ? ['node:crypto'] : [])
    })
  }
})
