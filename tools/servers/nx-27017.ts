// NX-27017: a server of MongoDB's protocol on SQLite. It persists, so it can be killed and started again.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ServerKind } from './database-server.ts'
import { installOnce, runTool } from './install.ts'
import { findFreePort, startProcess } from './server-process.ts'

const version = '0.8.1'

// Its own program knows no way to end with its parent.
const launcher = `
import os, sys, threading

def end_with_input():
    sys.stdin.buffer.read()
    os._exit(0)

threading.Thread(target=end_with_input, daemon=True).start()
from nx_27017.nx_27017 import main
main()
`

export const nx27017: ServerKind = {
  name: 'nx-27017',
  start: async () => {
    const home = await installNx27017()
    const directory = mkdtempSync(join(tmpdir(), 'countersign-nx-27017-'))
    const port = await findFreePort()
    const words = [
      '-c',
      launcher,
      `--data-dir=${join(directory, 'data')}`,
      `--port=${port}`,
      `--pid-file=${join(directory, 'pid')}`,
      `--log-file=${join(directory, 'log')}`,
    ]
    const launch = () => startProcess(join(home, 'venv/bin/python3'), words, /Listening on/)
    let running = await launch()
    return {
      name: 'nx-27017',
      isPersistent: true,
      urlOf: (database) => `mongodb://127.0.0.1:${port}/${database}`,
      kill: () => running.kill(),
      restart: async () => {
        running = await launch()
      },
      stop: async () => {
        await running.kill()
        rmSync(directory, { recursive: true, force: true })
      },
    }
  },
}

/** The directory of the installation, whose `venv` holds it. */
export function installNx27017(): Promise<string> {
  return installOnce(`nx-27017-${version}`, async (directory) => {
    await runTool('python3', ['-m', 'venv', 'venv'], directory)
    const words = ['-m', 'pip', 'install', '--quiet', `nx-27017==${version}`]
    await runTool(join(directory, 'venv/bin/python3'), words, directory)
  })
}
