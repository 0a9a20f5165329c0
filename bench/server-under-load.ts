import { createServer, type AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type PinnedOptions, type PinnedProcess, startPinned } from './pinned-process.ts'
import { type Load, runWrk, type WrkReport } from './wrk.ts'

/** A server in a process of its own. */
export interface ServerUnderLoad extends AsyncDisposable {
  readonly url: string
  readonly process: PinnedProcess
  /** From the start of the process to its first answer. */
  readonly startMs: number
}

export interface ServerOptions extends Omit<PinnedOptions, 'logFile'> {
  readonly cores: string
  readonly command: readonly string[]
  /** Asked until it answers, whatever the status. */
  readonly firstPath: string
  readonly logFile: string
}

const startPatienceMs = 30_000

/** Starts a server on a free port and waits for its first answer. */
export async function startServer(options: ServerOptions): Promise<ServerUnderLoad> {
  const port = await findFreePort()
  const url = `http://127.0.0.1:${port}`
  const started = performance.now()
  const process = startPinned(options.cores, options.command, {
    ...options,
    environment: { ...options.environment, PORT: `${port}`, HOST: '127.0.0.1' },
  })
  while (!(await answers(`${url}${options.firstPath}`))) {
    if (process.hasExited() || performance.now() - started > startPatienceMs) {
      await process.stop()
      throw new Error(`${options.command.join(' ')} did not start:\n${process.output()}`)
    }
    await sleep(2)
  }
  const startMs = performance.now() - started
  return { url, process, startMs, [Symbol.asyncDispose]: () => process.stop() }
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url)
    await response.arrayBuffer()
    return true
  } catch {
    return false
  }
}

function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => resolve(port))
    })
  })
}

export interface Turn extends WrkReport {
  /** The server's processor time for one request, all threads. */
  readonly cpuMicroseconds: number
  /**
   * The share of the time in which the server's main thread ran or would have run had the core been free: far below 1
   * means that something else set the pace, the disk or the generator.
   */
  readonly wanted: number
}

/** Loads the server and takes its processor time beside what the generator saw. */
export async function loadServer(
  server: ServerUnderLoad,
  generatorCores: string,
  load: Omit<Load, 'url'>,
): Promise<Turn> {
  const timeBefore = server.process.processorTime()
  const before = performance.now()
  const report = await runWrk(generatorCores, { ...load, url: server.url })
  const wallMs = performance.now() - before
  const time = server.process.processorTime()
  return {
    ...report,
    cpuMicroseconds: ((time.usedMs - timeBefore.usedMs) * 1000) / report.requests,
    wanted: (time.mainWantedMs - timeBefore.mainWantedMs) / wallMs,
  }
}

/** The turns of a server under one load. */
export function turnsOf(
  server: ServerUnderLoad,
  generatorCores: string,
  load: Omit<Load, 'url' | 'scriptArguments'>,
  nextFile: () => string,
): () => Promise<Turn> {
  return () => loadServer(server, generatorCores, { ...load, scriptArguments: [nextFile()] })
}
