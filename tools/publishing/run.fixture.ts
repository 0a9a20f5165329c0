// Runs a command as a user would from a shell, and has its output ready when it fails.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { delimiter, resolve } from 'node:path'

export const root: string = resolve(import.meta.dirname, '../..')

/** The environment of a user who has nothing configured, with the Node that the checkout brings. */
export function plainEnvironment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const { PATH = '', HOME } = process.env
  const bin = resolve(root, 'node_modules/.bin')
  return { PATH: [bin, PATH].join(delimiter), HOME, ...more }
}

export interface Outcome {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export interface RunOptions {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
}

export async function run(
  command: string,
  words: readonly string[],
  { cwd, env, input }: RunOptions,
): Promise<Outcome> {
  const child = spawn(command, words, { cwd, env: plainEnvironment(env) })
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  // A command that has ended before it read anything was not to be told anything.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input ?? '')
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, out, err }
}

/** As `run`, for what has to succeed. */
export async function succeed(
  command: string,
  words: readonly string[],
  options: RunOptions,
): Promise<string> {
  const { code, out, err } = await run(command, words, options)
  if (code !== 0) throw new Error(`${command} ${words.join(' ')} ended with ${code}:\n${out}${err}`)
  return out
}
