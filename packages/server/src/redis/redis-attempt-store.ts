import { createHash } from 'node:crypto'
import { type AttemptReservation, type AttemptStore, clockToleranceMs } from '../limits/store.ts'
import {
  type RedisConnection,
  type RedisScript,
  RedisUnavailableError,
} from './redis-connection.ts'

// One script is one step for all instances. The window's end is the caller's word, as in the database, so that both
// mean the same; Redis's own expiry only clears up.
const reserve: RedisScript = toScript(`
local limit, now, ends, amount = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local latest = tonumber(ARGV[5])
local found = redis.call('HMGET', KEYS[1], 'count', 'ends')
local count, known = tonumber(found[1] or 0), tonumber(found[2] or 0)
if known <= now or known > latest then count, known = 0, ends end
if count + amount > limit then return {0, count, string.format('%.0f', known)} end
redis.call('HSET', KEYS[1], 'count', count + amount, 'ends', string.format('%.0f', known))
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', known - now))
return {1, count + amount, string.format('%.0f', known)}
`)

const release: RedisScript = toScript(`
local found = redis.call('HMGET', KEYS[1], 'count', 'ends')
if tonumber(found[2] or 0) ~= tonumber(ARGV[1]) or tonumber(found[1]) < 1 then return 0 end
redis.call('HINCRBY', KEYS[1], 'count', -1)
return 1
`)

/**
 * Counts attempts in Redis, and in the database while Redis is away: never open. Around an outage a window may be
 * counted in both places, so at most twice the limit get through.
 */
export function createRedisAttemptStore(
  redis: RedisConnection,
  database: AttemptStore,
  prefix: string,
): AttemptStore {
  return {
    reserveAttempt: (key, window) =>
      orDatabase(
        async () => {
          const { limit, windowMs, now, amount = 1 } = window
          const resetsAt = now + windowMs
          const values = [limit, now, resetsAt, amount, resetsAt + clockToleranceMs]
          return readReservation(await redis.evaluate(reserve, [prefix + key], values))
        },
        () => database.reserveAttempt(key, window),
      ),
    releaseAttempt: async (key, resetsAt) => {
      const isReleased = await orDatabase(
        async () => (await redis.evaluate(release, [prefix + key], [resetsAt])) === 1,
        async () => false,
      )
      // It was reserved where Redis was not.
      if (!isReleased) await database.releaseAttempt(key, resetsAt)
    },
    pruneAttempts: (before, limit) => database.pruneAttempts(before, limit),
  }
}

async function orDatabase<T>(inRedis: () => Promise<T>, inDatabase: () => Promise<T>): Promise<T> {
  try {
    return await inRedis()
  } catch (error) {
    if (!(error instanceof RedisUnavailableError)) throw error
    return inDatabase()
  }
}

function readReservation(answer: unknown): AttemptReservation {
  const [granted, count, resetsAt] = answer as [number, number, string]
  return { granted: granted === 1, count, resetsAt: Number(resetsAt) }
}

function toScript(source: string): RedisScript {
  return { source, sha: createHash('sha1').update(source).digest('hex') }
}
