import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { access, chmod, mkdir } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = resolve(import.meta.dirname, '../..')
const cache = join(root, 'node_modules/.cache/runtimes')

/** The runtimes as their makers publish them, each one program in a package. */
const programs = {
  bun: ['@oven/bun-linux-x64@1.4.5', '@oven/bun-linux-x64/bin/bun'],
  deno: ['@deno/linux-x64-glibc@2.9.6', '@deno/linux-x64-glibc/deno'],
  workerd: [
    '@cloudflare/workerd-linux-64@1.20261117.1',
    '@cloudflare/workerd-linux-64/bin/workerd',
  ],
} as const

export type Runtime = keyof typeof programs

/** Why the runtimes are not to be had here, if so. */
export function whyNot(): string | undefined {
  const here = `${process.platform}-${process.arch}`
  return here === 'linux-x64'
    ? undefined
    : `the runtimes are fetched for linux-x64, and this is ${here}`
}

/** The program of a runtime, fetched once. */
export async function programOf(runtime: Runtime): Promise<string> {
  const [specifier, path] = programs[runtime]
  const folder = join(cache, runtime)
  const program = join(folder, 'node_modules', path)
  const isThere = await access(program).then(
    () => true,
    () => false,
  )
  if (!isThere) {
    await mkdir(folder, { recursive: true })
    const quiet = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error']
    await run('npm', ['install', '--prefix', folder, ...quiet, specifier], { cwd: folder })
    await chmod(program, 0o755)
  }
  return program
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port }: AddressInfo = Object(server.address())
  server.close()
  await once(server, 'close')
  return port
}
