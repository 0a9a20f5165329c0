import { createHash } from 'node:crypto'
import {
  type AttemptReservation,
  type AttemptStore,
  type AttemptWindow,
  clockToleranceMs,
} from '../limits/store.ts'
import {
  type RedisConnection,
  type RedisScript,
  RedisUnavailableError,
} from './redis-connection.ts'

// One script is one step for all instances. The window's end is the caller's word, as in the database, so that both
// mean the same; Redis's own expiry only clears up, when the window is over for the slowest clock, too.
const reserve: RedisScript = toScript(`
local limit, now, ends, amount = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local latest = tonumber(ARGV[5])
local found = redis.call('HMGET', KEYS[1], 'count', 'ends')
local count, known = tonumber(found[1] or 0), tonumber(found[2] or 0)
if known <= now or known > latest then count, known = 0, ends end
if count + amount > limit then return {0, count, string.format('%.0f', known)} end
redis.call('HSET', KEYS[1], 'count', count + amount, 'ends', string.format('%.0f', known))
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', known - now + ${clockToleranceMs}))
return {1, count + amount, string.format('%.0f', known)}
`)

const giveBack: RedisScript = toScript(`
local found = redis.call('HMGET', KEYS[1], 'count', 'ends')
if tonumber(found[2] or 0) ~= tonumber(ARGV[1]) or tonumber(found[1] or 0) < 1 then return 0 end
redis.call('HINCRBY', KEYS[1], 'count', -1)
return 1
`)

/** Of how many windows it is remembered where the database's ends. */
const rememberedWindows = 10_000

/**
 * Counts attempts in Redis, and in the database while Redis is away: never open. A Redis that is back may have forgotten
 * what it counted, and would grant the whole limit anew each time; so until every window is over that can have begun
 * before, attempts count in both. However often Redis goes, at most twice the limit get through in one window.
 */
export function createRedisAttemptStore(
  redis: RedisConnection,
  database: AttemptStore,
  prefix: string,
): AttemptStore {
  const databaseEnds = new Map<string, number>()
  const reserveInRedis = async (key: string, window: AttemptWindow) => {
    const { limit, windowMs, now, amount = 1 } = window
    const resetsAt = now + windowMs
    const values = [limit, now, resetsAt, amount, resetsAt + clockToleranceMs]
    return readReservation(await redis.evaluate(reserve, [prefix + key], values))
  }
  const reserveInBoth = async (key: string, window: AttemptWindow) => {
    const stored = await database.reserveAttempt(key, window)
    if (!stored.granted) return stored
    const counted = await orElse(() => reserveInRedis(key, window), stored)
    if (counted === stored) return stored
    if (!counted.granted) {
      for (let taken = window.amount ?? 1; taken > 0; taken--) {
        await database.releaseAttempt(key, stored.resetsAt)
      }
      return counted
    }
    remember(databaseEnds, windowName(key, counted.resetsAt), stored.resetsAt)
    return counted
  }
  return {
    reserveAttempt: async (key, window) => {
      // What nobody can exceed is counted for its number alone.
      const isBounded = window.limit < Number.MAX_SAFE_INTEGER
      if (isBounded && redis.sinceReturnMs() < window.windowMs) return reserveInBoth(key, window)
      return (
        (await orElse(() => reserveInRedis(key, window), undefined)) ??
        database.reserveAttempt(key, window)
      )
    },
    releaseAttempt: async (key, resetsAt) => {
      const release = async () => (await redis.evaluate(giveBack, [prefix + key], [resetsAt])) === 1
      const isReleased = await orElse(release, false)
      const both = databaseEnds.get(windowName(key, resetsAt))
      // What was not Redis's to give back was reserved where Redis was not.
      if (both !== undefined || !isReleased) await database.releaseAttempt(key, both ?? resetsAt)
    },
    pruneAttempts: (before, limit) => database.pruneAttempts(before, limit),
  }
}

function windowName(key: string, resetsAt: number): string {
  return `${resetsAt} ${key}`
}

/** The oldest is forgotten first: its successes then stay counted in the database. */
function remember(ends: Map<string, number>, name: string, end: number): void {
  ends.delete(name)
  ends.set(name, end)
  const [oldest] = ends.keys()
  if (ends.size > rememberedWindows && oldest !== undefined) ends.delete(oldest)
}

async function orElse<T, U>(inRedis: () => Promise<T>, otherwise: U): Promise<T | U> {
  try {
    return await inRedis()
  } catch (error) {
    if (!(error instanceof RedisUnavailableError)) throw error
    return otherwise
  }
}

function readReservation(answer: unknown): AttemptReservation {
  const [granted, count, resetsAt] = answer as [number, number, string]
  return { granted: granted === 1, count, resetsAt: Number(resetsAt) }
}

function toScript(source: string): RedisScript {
  return { source, sha: createHash('sha1').update(source).digest('hex') }
}
