import { type ChildProcess, spawn, type SpawnOptions, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** A server as a child process. It ends with its standard input, so that it never outlives the tests. */
export interface ServerProcess {
  readonly child: ChildProcess
  /** SIGKILL, and resolves when the process is gone. */
  kill(): Promise<void>
}

/** Resolves when the output matches `ready`, and rejects with the output when the process ends before. */
export async function startProcess(
  command: string,
  words: readonly string[],
  ready: RegExp,
  options: Pick<SpawnOptions, 'env' | 'uid' | 'gid'> = {},
): Promise<ServerProcess & { readonly matched: RegExpExecArray }> {
  const child = spawn(command, words, { ...options, stdio: ['pipe', 'pipe', 'pipe'] })
  const closed = once(child, 'close')
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await closed
  }
  const matched = await untilReady(child, ready)
  return { child, kill, matched }
}

function untilReady(child: ChildProcess, ready: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let output = ''
    const hear = (text: string): void => {
      output += text
      const matched = ready.exec(output)
      if (matched === null) return
      // What it says later is read and dropped: a full pipe would stop it.
      output = ''
      resolve(matched)
    }
    child.stdout?.setEncoding('utf8').on('data', hear)
    child.stderr?.setEncoding('utf8').on('data', hear)
    child.once('error', reject)
    child.once('close', () => reject(new Error(`The server ended:\n${output}`)))
  })
}

/** Where util-linux is there, the server is killed with the process that started it, however that one ends. */
export function endingWithParent(command: string, words: readonly string[]): [string, string[]] {
  const canTie = spawnSync('setpriv', ['--pdeathsig', 'KILL', 'true']).status === 0
  return canTie ? ['setpriv', ['--pdeathsig', 'KILL', command, ...words]] : [command, [...words]]
}

/** A port that is free now. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('There is no free port.')
  return address.port
}
