import type { Bus } from '../bus/bus.ts'
import type { RedisConnection } from './redis-connection.ts'

/** @param channel one for each database, so that two installations on one Redis do not hear each other */
export function createRedisBus(redis: RedisConnection, channel: string): Bus {
  return {
    isConnected: () => redis.isReady(),
    publish: (message) => redis.publish(channel, message),
    subscribe: (listener) => redis.subscribe(channel, listener),
    close: () => redis.close(),
  }
}
