import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** The page's script with @countersign/client in it. */
export async function bundlePage(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('page/main.ts', import.meta.url))],
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    // As `npm start` has it: in the repository the packages are used from their sources.
    conditions: ['@countersign/source'],
    write: false,
  })
  return outputFiles.map(({ text }) => text).join('')
}
