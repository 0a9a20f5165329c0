// The examples of docs/verify-anywhere.md, each served by the runtime it is for. What differs from a reader's day: the
// addresses and the port, and that everything grows old sooner, so that it is renewed under the eyes of the test.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { findBlock } from '../../tools/documents/blocks.ts'
import { findFreePort } from '../../tools/servers/server-process.ts'
import { until } from '../../tools/until.ts'
import type { InstalledIssuer } from './installed-issuer.fixture.ts'

export interface Served {
  readonly url: string
  /** What the process has written. */
  output(): string
  stop(): Promise<void>
}

/** Where the packages are installed, and what the example talks to. */
interface Surroundings {
  readonly directory: string
  readonly issuer: InstalledIssuer
  readonly program: string
}

export async function serveOnBun({ directory, issuer, program }: Surroundings): Promise<Served> {
  const port = await findFreePort()
  writeFileSync(join(directory, 'api-bun.ts'), exampleOf('Bun.serve', issuer, port))
  return serve(program, ['run', 'api-bun.ts'], directory, issuer, port)
}

export async function serveOnDeno({ directory, issuer, program }: Surroundings): Promise<Served> {
  const port = await findFreePort()
  writeFileSync(join(directory, 'api-deno.ts'), exampleOf('Deno.serve', issuer, port))
  const words = ['run', '--no-check', '--no-remote', '--allow-net', '--allow-env', 'api-deno.ts']
  return serve(program, words, directory, issuer, port)
}

export async function serveOnNode({ directory, issuer, program }: Surroundings): Promise<Served> {
  const port = await findFreePort()
  const source = exampleOf('Deno.serve', issuer, port)
    .replaceAll(/Deno\.env\.get\('(\w+)'\)/g, 'process.env.$1')
    .replace(/Deno\.serve\(.*\)/, `serve({ fetch: app.fetch, port: ${port} })`)
  const file = join(directory, 'api-node.mjs')
  writeFileSync(file, `import { serve } from '@hono/node-server'\n${source}`)
  return serve(program, [file], directory, issuer, port)
}

/** Bundled as Workers are, without anything of Node. */
export async function serveWorker({ directory, issuer, program }: Surroundings): Promise<Served> {
  writeFileSync(join(directory, 'api-worker.ts'), exampleOf('cloudflare:workers', issuer))
  return serveModule('api-worker', { directory, issuer, program }, [])
}

/** @param name of a TypeScript file in the directory whose default export is a Worker */
export async function serveModule(
  name: string,
  { directory, issuer, program }: Surroundings,
  compatibilityFlags: readonly string[],
): Promise<Served> {
  await build({
    absWorkingDir: directory,
    entryPoints: [join(directory, `${name}.ts`)],
    outfile: join(directory, `${name}.mjs`),
    bundle: true,
    format: 'esm',
    target: 'es2024',
    external: ['cloudflare:workers'],
    logLevel: 'silent',
  })
  const port = await findFreePort()
  const flags = compatibilityFlags.map((flag) => JSON.stringify(flag)).join(', ')
  writeFileSync(
    join(directory, `${name}.capnp`),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["public", "private", "local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed "${name}.mjs")],
  compatibilityDate = "2025-04-01",
  compatibilityFlags = [${flags}],
  bindings = [
    (name = "SERVICE_ID", fromEnvironment = "SERVICE_ID"),
    (name = "SERVICE_SECRET", fromEnvironment = "SERVICE_SECRET"),
  ],
);
`,
  )
  return serve(program, ['serve', `${name}.capnp`], directory, issuer, port)
}

function exampleOf(part: string, issuer: InstalledIssuer, port = 4000): string {
  return findBlock('docs/verify-anywhere.md', 'ts', part)
    .replace('https://auth.example.com', issuer.url)
    .replace('https://api.example.com', issuer.url)
    .replace('revocations:', 'maxKeyAgeSeconds: 0.2, keyCoolDownSeconds: 0.1, revocations:')
    .replace("onStale: 'refuse',", "onStale: 'refuse', staleAfterSeconds: 8, pollSeconds: 0.2,")
    .replace('4000', `${port}`)
}

async function serve(
  program: string,
  words: readonly string[],
  cwd: string,
  { credential }: InstalledIssuer,
  port: number,
): Promise<Served> {
  const env = {
    PATH: process.env['PATH'],
    HOME: cwd,
    SERVICE_ID: credential.id,
    SERVICE_SECRET: credential.secret,
  }
  const child = spawn(program, [...words], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text))
  const url = `http://127.0.0.1:${port}`
  await until(() => answers(url, child, () => output), `${program} serves`)
  return {
    url,
    output: () => output,
    stop: async () => {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}

function answers(url: string, child: ChildProcess, output: () => string): Promise<boolean> {
  if (child.exitCode !== null) throw new Error(`It ended with ${child.exitCode}:\n${output()}`)
  return fetch(url).then(
    () => true,
    () => false,
  )
}
