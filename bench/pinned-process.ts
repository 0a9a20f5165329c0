import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'

export interface ProcessorTime {
  /** Used by all threads so far. */
  readonly usedMs: number
  /** Used by the main thread, or spent waiting because somebody else had the core. */
  readonly mainWantedMs: number
}

export interface PinnedProcess {
  processorTime(): ProcessorTime
  memory(): { readonly residentMiB: number; readonly peakMiB: number }
  hasExited(): boolean
  /** What it printed. */
  output(): string
  stop(): Promise<void>
}

export interface PinnedOptions {
  readonly directory: string
  readonly environment: Readonly<Record<string, string>>
  /** Takes what the process prints, as a service's log does. */
  readonly logFile: string
}

/** Starts a long-running process on these cores. */
export function startPinned(
  cores: string,
  command: readonly string[],
  options: PinnedOptions,
): PinnedProcess {
  const log = openSync(options.logFile, 'w', 0o600)
  const child = spawn('taskset', ['-c', cores, ...command], {
    cwd: options.directory,
    env: { PATH: process.env['PATH'], HOME: options.directory, ...options.environment },
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  // A server that outlives the bench would go on taking its core from everybody.
  const kill = (): void => void child.kill('SIGKILL')
  process.once('exit', kill)
  child.once('exit', () => process.off('exit', kill))
  const read = (file: string): string => readFileSync(`/proc/${child.pid}/${file}`, 'utf8')
  return {
    processorTime: () => {
      const threads = readdirSync(`/proc/${child.pid}/task`)
      const times = threads.map((thread) => parseSchedstat(read(`task/${thread}/schedstat`)))
      const main = parseSchedstat(read('schedstat'))
      return {
        usedMs: times.reduce((sum, { usedMs }) => sum + usedMs, 0),
        mainWantedMs: main.usedMs + main.waitedMs,
      }
    },
    memory: () => parseMemory(read('status')),
    hasExited: () => child.exitCode !== null || child.signalCode !== null,
    output: () => readFileSync(options.logFile, 'utf8'),
    stop: () => stop(child),
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  await exited
}

/** Runs a command to its end on these cores and gives what it printed. */
export async function runPinned(cores: string, command: readonly string[]): Promise<string> {
  const child = spawn('taskset', ['-c', cores, ...command], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text))
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}:\n${output}`)
  return output
}

/** From /proc/<pid>/schedstat: nanoseconds on a core, and nanoseconds of waiting for one. */
export function parseSchedstat(text: string): { usedMs: number; waitedMs: number } {
  const [used = Number.NaN, waited = Number.NaN] = text.split(' ').map(Number)
  return { usedMs: used / 1e6, waitedMs: waited / 1e6 }
}

/** From /proc/<pid>/status. */
export function parseMemory(status: string): { residentMiB: number; peakMiB: number } {
  const read = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024
  return { residentMiB: read('VmRSS'), peakMiB: read('VmHWM') }
}
