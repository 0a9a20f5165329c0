// Redis, from the machine's own package; REDIS_SERVER names another program.

import { spawnSync } from 'node:child_process'
import { NotAvailable, type DatabaseServer, type ServerKind } from './database-server.ts'
import { endingWithParent, findFreePort, startProcess } from './server-process.ts'

const program = process.env['REDIS_SERVER'] ?? 'redis-server'

export interface RedisServer extends DatabaseServer {
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
    const port = await findFreePort()
    const words = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
    const launch = () => startProcess(...endingWithParent(program, words), /Ready to accept/)
    let running = await launch()
    return {
      name: 'redis',
      isPersistent: false,
      urlOf: (database) => `redis://127.0.0.1:${port}/${database}`,
      kill: () => running.kill(),
      restart: async () => {
        running = await launch()
      },
      stop: () => running.kill(),
      pause: () => running.child.kill('SIGSTOP'),
      resume: () => running.child.kill('SIGCONT'),
    }
  },
}
