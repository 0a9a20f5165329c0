// Redis, from the machine's own package; REDIS_SERVER names another program.

import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NotAvailable, type DatabaseServer, type ServerKind } from './database-server.ts'
import { endingWithParent, findFreePort, startProcess } from './server-process.ts'

const program = process.env['REDIS_SERVER'] ?? 'redis-server'

export interface RedisServer extends DatabaseServer {
  readonly port: number
  ask(...words: readonly string[]): Promise<string>
  /** Makes it hang (SIGSTOP): connections stay, answers do not come. */
  pause(): void
  resume(): void
}

export const redisServer: ServerKind & { start(): Promise<RedisServer> } = {
  name: 'redis',
  start: async () => {
    if (spawnSync(program, ['--version']).status !== 0) {
      throw new NotAvailable(`there is no ${program} (Debian: redis-server)`)
    }
    return startRedis()
  },
}

/** @param words more settings, as the program takes them */
export async function startRedis(words: readonly string[] = []): Promise<RedisServer> {
  // A replica leaves what it was sent in its directory, and whoever starts there next begins with it.
  const directory = mkdtempSync(join(tmpdir(), 'countersign-redis-'))
  const bare = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', directory]
  const server = await launchRedis(
    (port) => ['--port', `${port}`, ...bare, ...words],
    /Ready to accept/,
  )
  return {
    ...server,
    stop: async () => {
      await server.stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/**
 * A Sentinel that watches the Redis on this port and its replicas, under the name `primary`, and decides alone. It keeps
 * what it learns in its configuration, in this directory.
 */
export async function startSentinel(primaryPort: number, directory: string): Promise<RedisServer> {
  const file = join(directory, 'sentinel.conf')
  return launchRedis((port) => {
    const lines = [
      `port ${port}`,
      'bind 127.0.0.1',
      `sentinel monitor primary 127.0.0.1 ${primaryPort} 1`,
      'sentinel down-after-milliseconds primary 500',
      'sentinel failover-timeout primary 5000',
    ]
    writeFileSync(file, `${lines.join('\n')}\n`)
    return [file, '--sentinel']
  }, /monitor master primary/)
}

async function launchRedis(
  wordsFor: (port: number) => readonly string[],
  ready: RegExp,
): Promise<RedisServer> {
  const port = await findFreePort()
  const launch = () => startProcess(...endingWithParent(program, wordsFor(port)), ready)
  let running = await launch()
  return {
    name: 'redis',
    port,
    isPersistent: false,
    urlOf: (database) => `redis://127.0.0.1:${port}/${database}`,
    ask: (...words) => askRedis(port, words),
    kill: () => running.kill(),
    restart: async () => {
      running = await launch()
    },
    stop: () => running.kill(),
    pause: () => running.child.kill('SIGSTOP'),
    resume: () => running.child.kill('SIGCONT'),
  }
}

/** One command past the code under test, and the text of its answer as it is on the wire (RESP); none if it hung up. */
async function askRedis(port: number, words: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8')
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`)
  socket.write(`*${words.length}\r\n${parts.join('')}`)
  // Sentinel hangs up on everybody when it changes what a Redis is.
  const heard = ['data', 'close'].map((event) => once(socket, event).catch(() => []))
  const [answer] = await Promise.race(heard)
  socket.destroy()
  return typeof answer === 'string' ? answer : ''
}
