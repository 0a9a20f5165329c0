import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { StartedDoor, Variables } from './target.fixture.ts'

const manifest = fileURLToPath(import.meta.resolve('countersign/package.json'))
const bin = join(dirname(manifest), 'bin/countersign.js')

/** Starts `countersign start` as an operator would, on a free port; resolves when it says that it is ready. */
export async function launchProgram(
  directory: string,
  variables: Variables,
): Promise<StartedDoor & { readonly child: ChildProcess }> {
  mkdirSync(directory, { recursive: true })
  const port = await findFreePort()
  const child = spawn(process.execPath, [bin, 'start'], {
    cwd: directory,
    env: { PATH: process.env['PATH'], HOME: directory, PORT: `${port}`, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const closed = once(child, 'close')
  let output = ''
  await new Promise<void>((resolve, reject) => {
    const take = (text: string): void => {
      output += text
      if (output.includes('Ctrl-C stops the server')) resolve()
    }
    child.stdout.setEncoding('utf8').on('data', take)
    child.stderr.setEncoding('utf8').on('data', take)
    child.once('close', () => reject(new Error(`The program did not start:\n${output}`)))
  })
  return {
    child,
    port,
    log: () => output,
    stop: async () => {
      child.kill('SIGTERM')
      await closed
    },
  }
}

async function findFreePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}
