import { join } from 'node:path'
import { runPinned } from './pinned-process.ts'

export interface Load {
  readonly url: string
  /** A script of load/. */
  readonly script: string
  readonly scriptArguments: readonly string[]
  readonly connections: number
  readonly seconds: number
  /** Answers such as 503 are part of what is measured; otherwise one of them is a failure of the bench. */
  readonly mayBeRefused?: boolean
}

export interface WrkReport {
  /** Answers of every kind. */
  readonly requests: number
  /** Answers that were no success. */
  readonly refused: number
  /** Connections that could not be made, broke, or gave no answer in time. */
  readonly broken: number
  /** Successes alone. */
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/**
 * Loads a server from the generator's core.
 * @throws when a request failed: a figure with refusals in it says nothing about the work
 */
export async function runWrk(cores: string, load: Load): Promise<WrkReport> {
  return (await runWrkScript(cores, load)).report
}

/** The same, with the line of JSON that the script itself prints at its end. */
export async function runWrkScript(
  cores: string,
  load: Load,
): Promise<{ report: WrkReport; printed: string | undefined }> {
  const command = [
    'wrk',
    '--threads=1',
    `--connections=${load.connections}`,
    `--duration=${load.seconds}s`,
    '--timeout=20s',
    '--latency',
    `--script=${join(import.meta.dirname, 'load', load.script)}`,
    load.url,
    '--',
    ...load.scriptArguments,
  ]
  const output = await runPinned(cores, command)
  const report = parseWrkReport(output)
  // In the seconds of a quick run not even one log-in may fit on a machine that is busy with other things.
  if (load.seconds > 2 && report.requests === report.refused) {
    throw new Error(`Nothing was answered:\n${output}`)
  }
  if (report.broken > 0 || (report.refused > 0 && !load.mayBeRefused)) {
    throw new Error(`Requests failed, so this measures nothing:\n${output}`)
  }
  return { report, printed: /^\{.*\}$/m.exec(output)?.[0] }
}

/** Reads what `wrk --latency` prints. */
export function parseWrkReport(output: string): WrkReport {
  const requests = Number(find(output, /(\d+) requests in/))
  const refused = Number(/Non-2xx or 3xx responses: (\d+)/.exec(output)?.[1] ?? 0)
  const sockets = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(
    output,
  )
  const perSecond = Number(find(output, /Requests\/sec:\s+([\d.]+)/))
  return {
    requests,
    refused,
    broken: (sockets?.slice(1) ?? []).reduce((sum, count) => sum + Number(count), 0),
    requestsPerSecond: requests === 0 ? 0 : (perSecond * (requests - refused)) / requests,
    p50Ms: toMilliseconds(find(output, /^\s+50%\s+(\S+)/m)),
    p99Ms: toMilliseconds(find(output, /^\s+99%\s+(\S+)/m)),
  }
}

function find(output: string, pattern: RegExp): string {
  const found = pattern.exec(output)?.[1]
  if (found === undefined) throw new Error(`wrk did not print ${pattern}:\n${output}`)
  return found
}

const unitsInMs: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000 }

function toMilliseconds(text: string): number {
  const match = /^([\d.]+)(us|ms|s|m)$/.exec(text)
  const unit = unitsInMs[match?.[2] ?? '']
  if (match === null || unit === undefined) throw new Error(`wrk printed no time: ${text}`)
  return Number(match[1]) * unit
}
