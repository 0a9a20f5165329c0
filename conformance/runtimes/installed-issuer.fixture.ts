// Countersign as it is installed, as a process: it can be killed and come back on the same port with the same data.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createSite, signUp } from '../../packages/server/src/library.fixture.ts'
import { run } from '../../tools/publishing/run.fixture.ts'
import { findFreePort } from '../../tools/servers/server-process.ts'

/** Somebody who has just logged in. */
export interface Person {
  readonly token: string
  logOut(): Promise<number>
}

export interface InstalledIssuer {
  readonly url: string
  /** Made by `countersign services add`. */
  readonly credential: { readonly id: string; readonly secret: string }
  signIn(): Promise<Person>
  /** Ends it (SIGKILL). */
  kill(): Promise<void>
  restart(): Promise<void>
  /** Makes it hang (SIGSTOP). */
  pause(): void
  resume(): void
}

/**
 * @param directory of a project in which `countersign` is installed
 * @param node the program that runs it
 */
export async function startInstalledIssuer(
  directory: string,
  node: string,
): Promise<InstalledIssuer> {
  const bin = join(directory, 'node_modules/countersign/bin/countersign.js')
  const cwd = join(directory, 'issuer')
  mkdirSync(cwd, { recursive: true })
  const port = await findFreePort()
  const url = `http://localhost:${port}`
  let child = await launch(node, bin, cwd, port)
  const added = await run(node, [bin, 'services', 'add', 'orders'], { cwd })
  const [, id = ''] = /^Id\s+(\S+)/m.exec(added.out) ?? []
  const [, secret = ''] = /^Secret\s+(\S+)/m.exec(added.out) ?? []
  if (id === '' || secret === '') throw new Error(`No service was made:\n${added.out}${added.err}`)
  let people = 0
  return {
    url,
    credential: { id, secret },
    signIn: async () => {
      const site = createSite(url, fetch)
      const { token, csrfToken } = await signUp(site, `person-${++people}`)
      const headers = { 'x-csrf-token': csrfToken }
      return {
        token,
        logOut: async () => (await site.call('POST', '/api/auth/logout', { headers })).status,
      }
    },
    kill: async () => {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
    restart: async () => {
      child = await launch(node, bin, cwd, port)
    },
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
  }
}

async function launch(node: string, bin: string, cwd: string, port: number): Promise<ChildProcess> {
  const env = {
    PATH: process.env['PATH'],
    HOME: cwd,
    PORT: `${port}`,
    RATE_LIMIT_ANONYMOUS: '100000/1m',
    RATE_LIMIT_REGISTER: '1000/1h',
  }
  const child = spawn(node, [bin, 'start'], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  await new Promise<void>((resolve, reject) => {
    const take = (text: string): void => {
      output += text
      if (output.includes('Ctrl-C stops the server')) resolve()
    }
    child.stdout.setEncoding('utf8').on('data', take)
    child.stderr.setEncoding('utf8').on('data', take)
    child.once('close', () => reject(new Error(`Countersign did not start:\n${output}`)))
  })
  return child
}
