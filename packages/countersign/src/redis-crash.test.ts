// Redis is killed again and again under two processes that work: nobody is refused for it, what it counted and carried
// is counted and carried by the database, and readiness says so.

import assert from 'node:assert/strict'
import { postgresTest } from '../../../tools/postgres.fixture.ts'
import { startServers } from '../../../tools/servers/database-server.ts'
import { type RedisServer, redisServer } from '../../../tools/servers/redis.ts'
import { residentMiB, untilAllRefresh } from './honest-client.fixture.ts'
import { checkRevocation, startWorking, untilReadiness } from './redis-outage.fixture.ts'

const outages = 5

const [redis] = (await startServers([redisServer])) as RedisServer[]

if (redis !== undefined) {
  postgresTest(
    'kill -9 of Redis under load refuses nobody and opens nothing',
    async (t, server) => {
      const service = await startWorking(t, server.urlFor(t), redis.urlOf('0'))
      const { instances, clients } = service
      let residentAfterFirst = 0
      for (let outage = 0; outage < outages; outage++) {
        await service.checkHealthy()
        await redis.kill()
        await untilReadiness(instances, 'degraded')
        await checkRevocation(instances, `user-${outage % 4}`)
        await untilAllRefresh(clients, 10)
        await redis.restart()
        await untilReadiness(instances, 'ok')
        residentAfterFirst ||= residentMiB(instances)
      }
      await service.checkHealthy()
      t.diagnostic(`${await service.finish()} in ${outages} outages`)
      assert.ok(
        residentMiB(instances) < residentAfterFirst + 64,
        'an outage leaves nothing behind in memory',
      )
    },
  )
}
