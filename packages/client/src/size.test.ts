import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

test('is smaller than 8 kB, minified and gzipped, and brings no dependency', async () => {
  const result = await build({
    entryPoints: [fileURLToPath(new URL('index.ts', import.meta.url))],
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    conditions: ['@countersign/source'],
    metafile: true,
    write: false,
  })
  const bytes = gzipSync(result.outputFiles[0]?.contents ?? '').length
  assert.ok(bytes > 500 && bytes < 8_000, `${bytes} bytes`)
  const inputs = Object.keys(result.metafile.inputs)
  assert.ok(inputs.every((input) => input.startsWith('packages/client/src/')))
})
