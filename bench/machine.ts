import { execFileSync } from 'node:child_process'
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os'

/** Which cores do what. */
export interface Cores {
  /** For a server that is loaded as fast as it answers. */
  readonly server: string
  /** For the load generator and the bench itself. */
  readonly generator: string
  /** For log-ins, which spread over every core. */
  readonly all: string
  readonly count: number
}

/** @throws with what to install when a tool is missing */
export function prepareMachine(): Cores {
  for (const tool of ['wrk', 'taskset']) {
    try {
      execFileSync(tool, ['--version'], { stdio: 'ignore' })
    } catch (error) {
      // wrk prints its version and then complains that there is no URL.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') continue
      throw new Error(`The bench needs ${tool}: apt-get install wrk util-linux`, { cause: error })
    }
  }
  const count = availableParallelism()
  const generator = count > 1 ? '1' : '0'
  const cores = { server: '0', generator, all: `0-${count - 1}`, count }
  execFileSync('taskset', ['-acp', generator, `${process.pid}`], { stdio: 'ignore' })
  return cores
}

/** What the figures depend on. */
export function describeMachine({ count }: Cores): readonly string[] {
  const [first] = cpus()
  const memoryGiB = Math.round(totalmem() / 2 ** 30)
  return [
    `Date: ${new Date().toISOString().slice(0, 10)}`,
    `Processor: ${first?.model.trim() ?? 'unknown'}, ${count} cores, ${memoryGiB} GiB`,
    `System: ${process.platform} ${release()}, Node ${process.versions.node}, SQLite ${process.versions['sqlite'] ?? ''}`,
    `Load average of the last minute when it began: ${loadavg()[0]?.toFixed(2) ?? 'unknown'}`,
    count > 1
      ? 'Server on core 0, load generator on core 1; log-ins and memory: server on all cores'
      : 'One core: server and load generator share it, so requests per second are too low',
  ]
}
