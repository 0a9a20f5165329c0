import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { NotAvailable } from './database-server.ts'

const cache = join(import.meta.dirname, '../../node_modules/.cache/countersign-servers')
const run = promisify(execFile)
const patienceMs = 180_000

/**
 * A directory that is filled once and kept. It is made under another name and moved into place when it is whole, so
 * that test files which run at the same time may all try.
 *
 * @throws NotAvailable when it cannot be filled
 */
export async function installOnce(
  name: string,
  fill: (directory: string) => Promise<void>,
): Promise<string> {
  const directory = join(cache, name)
  if (existsSync(directory)) return directory
  const unfinished = `${directory}.${process.pid}`
  try {
    mkdirSync(unfinished, { recursive: true })
    await fill(unfinished)
    if (!existsSync(directory)) renameSync(unfinished, directory)
    return directory
  } catch (error) {
    if (existsSync(directory)) return directory
    throw new NotAvailable(`it cannot be installed (${reasonOf(error)})`)
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
}

/** What `installOnce` has filled under this name; undefined when it has not. */
export function findInstalled(name: string): string | undefined {
  const directory = join(cache, name)
  return existsSync(directory) ? directory : undefined
}

export async function runTool(
  tool: string,
  words: readonly string[],
  directory: string,
): Promise<void> {
  await run(tool, [...words], { cwd: directory, timeout: patienceMs })
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const stderr = 'stderr' in error ? String(error.stderr).trim() : ''
  const [first = ''] = error.message.split('\n')
  return stderr === '' ? first : `${first}: ${stderr.slice(-300)}`
}
