// A shell in which the commands of a document run, with the same variables from one command to the next.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { plainEnvironment } from '../publishing/run.fixture.ts'

export interface ShellOptions {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
}

/** Runs the commands one after the other in one shell. @returns what each wrote; throws when one fails */
export async function runCommands(
  commands: readonly string[],
  { cwd, env }: ShellOptions,
): Promise<string[]> {
  const mark = '\u001e'
  const script = ['set -e', ...commands.map((command) => `${command}\nprintf '${mark}'`)].join('\n')
  const child = spawn('sh', ['-c', script], { cwd, env: plainEnvironment(env) })
  const read = collect(child)
  child.stdin.end()
  const [code] = (await once(child, 'close')) as [number | null]
  const outputs = read.out().split(mark).slice(0, -1)
  if (code !== 0) {
    const failed = commands[outputs.length] ?? ''
    throw new Error(`"${failed}" ended with ${code}:\n${read.out()}${read.err()}`)
  }
  return outputs
}

export interface RunningCommand {
  output(): string
  /** As Ctrl-C does it: the signal goes to everything that the command started. Waits for the end of all of it. */
  interrupt(): Promise<void>
}

/** Starts a command that goes on, and waits until it says what is expected. */
export async function startCommand(
  command: string,
  expected: string,
  { cwd, env }: ShellOptions,
): Promise<RunningCommand> {
  const child = spawn('sh', ['-c', command], {
    cwd,
    env: plainEnvironment(env),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const read = collect(child)
  const output = (): string => read.out() + read.err()
  await new Promise<void>((resolve, reject) => {
    const look = (): void => {
      if (output().includes(expected)) resolve()
    }
    child.stdout.on('data', look)
    child.stderr.on('data', look)
    child.once('close', () => reject(new Error(`"${command}" ended:\n${output()}`)))
  })
  return {
    output,
    interrupt: async () => {
      if (child.exitCode !== null || child.pid === undefined) return
      const closed = once(child, 'close')
      process.kill(-child.pid, 'SIGINT')
      await closed
    },
  }
}

/** Why nothing can be typed here; false when it can. */
export const withoutTerminal: string | false = spawnSync('script', ['--version'], {
  encoding: 'utf8',
}).stdout?.includes('util-linux')
  ? false
  : 'Not installed: script of util-linux, which gives a command a terminal (Debian: bsdutils)'

/** Types into a command that asks, on a terminal of its own (script of util-linux). */
export async function typeInto(
  command: string,
  answers: readonly (readonly [question: string, answer: string])[],
  { cwd, env }: ShellOptions,
): Promise<string> {
  const words = ['--quiet', '--return', '--flush', '--command', command, '/dev/null']
  const child = spawn('script', words, { cwd, env: plainEnvironment(env) })
  const read = collect(child)
  let from = 0
  for (const [question, answer] of answers) {
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        const at = read.out().indexOf(question, from)
        if (at < 0) return
        from = at + question.length
        resolve()
      }
      child.stdout.on('data', look)
      child.once('close', () => reject(new Error(`"${question}" was not asked:\n${read.out()}`)))
      look()
    })
    child.stdin.write(`${answer}\r`)
  }
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`"${command}" ended with ${code}:\n${read.out()}${read.err()}`)
  return read.out()
}

function collect(child: ChildProcess): { out(): string; err(): string } {
  let out = ''
  let err = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (err += text))
  return { out: () => out, err: () => err }
}

export async function findFreePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}
