// Starts an example, or the program, as a process of its own on a free port.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { TestContext } from 'node:test'

export interface Launch {
  /** Below `examples/`, or absolute. */
  readonly script: string
  readonly words?: readonly string[]
  /** What it prints when it serves. */
  readonly ready: RegExp
  readonly variables?: Readonly<Record<string, string>>
  /** Where it listens; default a free one. */
  readonly port?: number
}

export interface Running {
  readonly url: string
  readonly directory: string
  /** Asks it to end; its exit code. */
  stop(): Promise<number | null>
  /** Starts it again on the same port and data. */
  restart(): Promise<void>
}

export async function launch(t: TestContext, wish: Launch): Promise<Running> {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-example-'))
  const port = wish.port ?? (await findFreePort())
  const url = `http://localhost:${port}`
  let child = await start(wish, directory, port)
  t.after(async () => {
    await stop(child)
    rmSync(directory, { recursive: true, force: true })
  })
  return {
    url,
    directory,
    stop: () => stop(child),
    restart: async () => {
      child = await start(wish, directory, port)
    },
  }
}

async function start(wish: Launch, directory: string, port: number): Promise<ChildProcess> {
  const { script, words = [], variables, ready } = wish
  const file = resolve(import.meta.dirname, script)
  const child = spawn(process.execPath, ['--conditions=@countersign/source', file, ...words], {
    cwd: directory,
    env: { PATH: process.env['PATH'], PORT: `${port}`, DATA: directory, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  await untilReady(child, ready)
  return child
}

async function stop(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const closed = once(child, 'close')
    child.kill('SIGTERM')
    await closed
  }
  return child.exitCode
}

function untilReady(child: ChildProcess, ready: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = ''
    const look = (part: string): void => {
      text += part
      if (ready.test(text)) resolve()
    }
    child.stdout?.setEncoding('utf8').on('data', look)
    child.stderr?.setEncoding('utf8').on('data', look)
    child.once('close', () => reject(new Error(`It did not start:\n${text}`)))
  })
}

export async function findFreePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  return typeof address === 'object' && address ? address.port : 0
}
