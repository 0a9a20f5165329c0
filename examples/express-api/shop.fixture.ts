// Starts the shop, or a larger host of it, as a process of its own.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSite, password, type Site } from '../../packages/server/src/library.fixture.ts'

export interface Shop {
  /** A visitor with a cookie jar of their own. */
  visit(): Site
  output(): string
  /** Ends the process and opens it again on the same data. */
  restart(): Promise<void>
  /** Asks the process to end; its exit code. */
  stop(): Promise<number | null>
  dispose(): Promise<void>
}

export async function openShop(script: string): Promise<Shop> {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-shop-'))
  const port = await findFreePort()
  const start = () =>
    spawn(
      process.execPath,
      ['--conditions=@countersign/source', join(import.meta.dirname, script)],
      {
        cwd: directory,
        env: {
          PATH: process.env['PATH'],
          PORT: `${port}`,
          DATA: directory,
          ADMIN_USERNAME: 'root',
          ADMIN_PASSWORD: password,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
  let child = start()
  let output = await untilOpen(child)
  return {
    visit: () => createSite(`http://127.0.0.1:${port}`, fetch),
    output: () => output(),
    restart: async () => {
      await stop(child)
      child = start()
      output = await untilOpen(child)
    },
    stop: () => stop(child),
    dispose: async () => {
      await stop(child)
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

async function stop(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const closed = once(child, 'close')
    child.kill('SIGTERM')
    await closed
  }
  return child.exitCode
}

function untilOpen(child: ChildProcess): Promise<() => string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const look = (part: string): void => {
      text += part
      if (text.includes('The shop is open')) resolve(() => text)
    }
    child.stdout?.setEncoding('utf8').on('data', look)
    child.stderr?.setEncoding('utf8').on('data', look)
    child.once('close', () => reject(new Error(`The shop did not open:\n${text}`)))
  })
}

async function findFreePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  return typeof address === 'object' && address ? address.port : 0
}
