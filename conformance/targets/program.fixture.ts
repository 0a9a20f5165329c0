import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
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
  const child = spawn(process.execPath, [bin, 'start'], {
    cwd: directory,
    env: { PATH: process.env['PATH'], HOME: directory, PORT: '0', ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const closed = once(child, 'close')
  let output = ''
  const port = await new Promise<number>((resolve, reject) => {
    const take = (text: string): void => {
      output += text
      const found = /Access tokens[\s\S]*Ctrl-C/.test(output) && readPort(output, variables)
      if (found) resolve(found)
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

function readPort(output: string, variables: Variables): number {
  const fixed = variables['PORT']
  return Number(fixed ?? /API\s+http:\/\/localhost:(\d+)\/api/.exec(output)?.[1])
}
