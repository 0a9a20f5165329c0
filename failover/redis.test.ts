// Redis Sentinel makes a replica the primary, at an address that follows what it says.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { untilAllRefresh } from '../packages/countersign/src/honest-client.fixture.ts'
import {
  checkRevocation,
  startWorking,
  untilReadiness,
} from '../packages/countersign/src/redis-outage.fixture.ts'
import { postgresTest } from '../tools/postgres.fixture.ts'
import { startServers } from '../tools/servers/database-server.ts'
import { type RedisServer, redisServer, startRedis, startSentinel } from '../tools/servers/redis.ts'
import { startProxy } from '../tools/tcp-proxy.fixture.ts'
import { until } from '../tools/until.ts'

const [primary] = (await startServers([redisServer])) as RedisServer[]

if (primary !== undefined) {
  postgresTest(
    'a failover by Sentinel is an outage of the bus, which the database bridges',
    async (t, server) => {
      const directory = mkdtempSync(join(tmpdir(), 'countersign-sentinel-'))
      t.after(() => rmSync(directory, { recursive: true, force: true }))
      const replica = await startRedis(['--replicaof', '127.0.0.1', `${primary.port}`])
      t.after(() => replica.stop())
      const sentinel = await startSentinel(primary.port, directory)
      t.after(() => sentinel.stop())
      await until(
        async () =>
          (await sentinel.ask('SENTINEL', 'REPLICAS', 'primary')).includes(`${replica.port}`),
        'Sentinel to know the replica',
        60_000,
      )
      const address = await startProxy(t, primary.port)
      const service = await startWorking(t, server.urlFor(t), `redis://127.0.0.1:${address.port}`)
      const { instances, clients } = service
      await service.checkHealthy()

      await primary.kill()
      await untilReadiness(instances, 'degraded')
      await checkRevocation(instances, 'user-0')
      // Too early: it leads to a replica until Sentinel has decided.
      address.target = replica.port
      await until(
        async () =>
          (await sentinel.ask('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'primary')).includes(
            `${replica.port}`,
          ),
        'Sentinel to decide',
        60_000,
      )
      await untilReadiness(instances, 'ok')
      await untilAllRefresh(clients, 10)
      await service.checkHealthy()

      // The old primary comes back as one, which Sentinel makes a replica; the address led to it meanwhile.
      await primary.restart()
      address.target = primary.port
      address.cut()
      await until(
        async () => (await primary.ask('ROLE')).includes('slave'),
        'the old primary to be a replica',
        60_000,
      )
      await untilReadiness(instances, 'degraded')
      await checkRevocation(instances, 'user-1')
      address.target = replica.port
      address.cut()
      await untilReadiness(instances, 'ok')
      await service.checkHealthy()
      t.diagnostic(`${await service.finish()} in three changes of the primary`)
      assert.match(await replica.ask('ROLE'), /master/)
    },
  )
}
