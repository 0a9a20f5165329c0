// Runs the real program in a directory of its own, as a user would from a shell.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const bin = join(import.meta.dirname, '../bin/countersign.js')

export interface Outcome {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export interface Program {
  readonly directory: string
  run(words: readonly string[], more?: RunOptions): Promise<Outcome>
  /** Begins a command, which the test may end; it ends with the test at the latest. */
  begin(words: readonly string[], variables?: Readonly<Record<string, string>>): RunningCommand
  /**
   * Starts the server on a free port and resolves when it says that it is ready.
   * @param words how it is told to; nothing is enough
   * @param wrapper a command that runs the one which follows it, in the same process: `unshare …`, `strace -D …`
   */
  start(
    variables?: Readonly<Record<string, string>>,
    wrapper?: readonly string[],
    words?: readonly string[],
  ): Promise<RunningServer>
}

export interface RunOptions {
  readonly variables?: Readonly<Record<string, string>>
  readonly input?: string | Buffer
}

export interface RunningCommand {
  readonly child: ChildProcess
  output(): string
  readonly ended: Promise<void>
}

export interface RunningServer {
  readonly url: string
  readonly child: ChildProcess
  output(): string
  /** Sends the signal and resolves with the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

/** @param t a test, or whoever else runs at the end what it was given */
export function createProgram(t: { after(end: () => void): void }): Program {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-program-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const launch = (
    words: readonly string[],
    variables: Readonly<Record<string, string>> = {},
    wrapper: readonly string[] = [],
  ) => {
    const [command = '', ...rest] = [...wrapper, process.execPath, bin, ...words]
    return spawn(command, rest, {
      cwd: directory,
      env: { PATH: process.env['PATH'], HOME: directory, ...variables },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
  }
  return {
    directory,
    run: async (words, { variables, input } = {}) => {
      const child = launch(words, variables)
      const read = collect(child)
      // A program that has read enough hangs up.
      child.stdin.on('error', () => undefined).end(input ?? '')
      const [code] = (await once(child, 'close')) as [number | null]
      return { code, ...read() }
    },
    begin: (words, variables) => {
      const child = launch(words, variables)
      t.after(() => child.kill('SIGKILL'))
      const read = collect(child)
      const ended = once(child, 'close').then(() => undefined)
      return { child, ended, output: () => read().out + read().err }
    },
    start: async (variables = {}, wrapper = [], words = ['start']) => {
      const child = launch(words, { PORT: '0', ...variables }, wrapper)
      t.after(() => child.kill('SIGKILL'))
      const read = collect(child)
      const url = await untilReady(child, read)
      return {
        url,
        child,
        output: () => read().out + read().err,
        stop: async (signal = 'SIGTERM') => {
          const closed = once(child, 'close')
          child.kill(signal)
          const [code] = (await closed) as [number | null]
          return code
        },
      }
    },
  }
}

function collect(child: ChildProcess): () => { out: string; err: string } {
  let out = ''
  let err = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (err += text))
  return () => ({ out, err })
}

function untilReady(
  child: ChildProcess,
  read: () => { out: string; err: string },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const { out, err } = read()
      const url = /API\s+(\S+)\/api/.exec(out + err)?.[1]
      if (url !== undefined && `${out}${err}`.includes('Ctrl-C')) resolve(url)
    }
    child.stdout?.on('data', look)
    child.stderr?.on('data', look)
    child.once('close', () => {
      const { out, err } = read()
      reject(new Error(`The server did not start:\n${out}${err}`))
    })
  })
}
