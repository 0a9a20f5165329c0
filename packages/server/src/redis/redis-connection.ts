// Redis: what may be lost and should be fast: the bus between instances and the counters of limits. The database is the
// truth: whatever Redis does not answer is answered there, or found there by polling.

import { ConfigurationError } from '../config/configuration-error.ts'
import type { Logger } from '../foundation/logger.ts'
import { readUptimeMs, whyUnusable } from './examine-redis.ts'

/** Redis did not answer in time, or is away. */
export class RedisUnavailableError extends Error {
  override readonly name = 'RedisUnavailableError'
}

export interface RedisConnection {
  isReady(): boolean
  /**
   * Milliseconds since Redis may last have forgotten everything: since it was back after it had been lost or, as far as
   * this process has not seen that, since it was started. Infinity when it was never there.
   */
  sinceReturnMs(): number
  /** @throws RedisUnavailableError at once while Redis is away, and after 500 ms without an answer */
  evaluate(
    script: RedisScript,
    keys: readonly string[],
    values: readonly (string | number)[],
  ): Promise<unknown>
  /** Resolves when the message was sent, or dropped because Redis is away. */
  publish(channel: string, message: string): Promise<void>
  /** Lasts over reconnections. @returns what ends it */
  subscribe(channel: string, listener: (message: string) => void): () => void
  /** Sends what was published, then hangs up. */
  close(): Promise<void>
}

export interface RedisScript {
  readonly source: string
  /** SHA-1 of the source, by which Redis keeps it. */
  readonly sha: string
}

// Both are bounds of a log-in's delay when Redis hangs, not of its usual round trip.
const answerWithinMs = 500
const restAfterSilenceMs = 1_000
const connectTimeoutMs = 2_000
const pingEveryMs = 1_000
const silenceEndsConnectionMs = 3_000
/** A replica may be promoted, and an address lead elsewhere. */
const askAgainAfterMs = 1_000

type Driver = typeof import('@redis/client')
type Client = ReturnType<typeof createCommandClient>

/**
 * Connects, and reconnects for ever with growing pauses. Resolves within two seconds whether Redis is there or not.
 * @param prefix of all our keys
 * @throws ConfigurationError when the driver is not installed
 */
export async function connectRedis(
  url: string,
  logger: Logger,
  prefix: string,
): Promise<RedisConnection> {
  const client = createCommandClient(await loadDriver(), url)
  const connection = new TwoSockets(client, logger, `${prefix}probe`)
  await connection.open()
  return connection
}

// Its type is what the driver infers from these options.
function createCommandClient({ createClient }: Driver, url: string) {
  return createClient({
    url,
    disableOfflineQueue: true,
    pingInterval: pingEveryMs,
    commandsQueueMaxLength: 10_000,
    socket: {
      connectTimeout: connectTimeoutMs,
      socketTimeout: silenceEndsConnectionMs,
      reconnectStrategy: (retries) => Math.min(2_000, 50 * 2 ** Math.min(retries, 6)),
    },
  })
}

// Two sockets: one for commands, one that hears.
class TwoSockets implements RedisConnection {
  readonly #commands: Client
  readonly #subscriber: Client
  readonly #logger: Logger
  readonly #publishing = new Set<Promise<void>>()
  readonly #probeKey: string
  #isLost = false
  /** Whether what the commands' socket leads to counts. */
  #isUsable = false
  #examining: Promise<void> | undefined
  #askingAgain: NodeJS.Timeout | undefined
  #restsUntil = 0
  #returns = 0
  #returnedAt = Number.NEGATIVE_INFINITY

  constructor(commands: Client, logger: Logger, probeKey: string) {
    this.#commands = commands
    this.#subscriber = commands.duplicate()
    this.#logger = logger
    this.#probeKey = probeKey
    this.#commands.on('error', (error: unknown) => {
      this.#isUsable = false
      this.#lose(error)
    })
    this.#subscriber.on('error', (error: unknown) => this.#lose(error))
    this.#commands.on('ready', () => void this.#examine())
    this.#subscriber.on('ready', () => this.#return())
  }

  async open(): Promise<void> {
    const connecting = Promise.allSettled([this.#commands.connect(), this.#subscriber.connect()])
    const opening = connecting.then(() => this.#examining)
    await within(connectTimeoutMs, opening).catch(() => undefined)
  }

  isReady(): boolean {
    return this.#counts() && this.#subscriber.isReady && !this.#isResting()
  }

  sinceReturnMs(): number {
    return performance.now() - this.#returnedAt
  }

  async evaluate(
    script: RedisScript,
    keys: readonly string[],
    values: readonly (string | number)[],
  ): Promise<unknown> {
    const options = { keys: [...keys], arguments: values.map(String) }
    try {
      return await this.#send(() => this.#commands.evalSha(script.sha, options))
    } catch (error) {
      if (!isUnknownScript(error)) throw this.#toUnavailable(error)
    }
    return this.#send(() => this.#commands.eval(script.source, options)).catch((error: unknown) => {
      throw this.#toUnavailable(error)
    })
  }

  publish(channel: string, message: string): Promise<void> {
    const publishing = this.#send(() => this.#commands.publish(channel, message))
      .then(
        () => undefined,
        () => undefined,
      )
      .finally(() => this.#publishing.delete(publishing))
    this.#publishing.add(publishing)
    return publishing
  }

  subscribe(channel: string, listener: (message: string) => void): () => void {
    let isOver = false
    const hear = (): void => {
      if (isOver) return
      // The driver keeps a subscription over reconnections; this waits for the first connection.
      this.#subscriber
        .subscribe(channel, listener)
        .catch(() => this.#subscriber.once('ready', hear))
    }
    hear()
    return () => {
      isOver = true
      this.#subscriber.unsubscribe(channel, listener).catch(() => undefined)
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#publishing)
    clearTimeout(this.#askingAgain)
    this.#commands.destroy()
    this.#subscriber.destroy()
  }

  async #send<T>(run: () => Promise<T>): Promise<T> {
    if (!this.#counts() || this.#isResting()) {
      throw new RedisUnavailableError('Redis is away')
    }
    try {
      return await within(answerWithinMs, run())
    } catch (error) {
      if (error instanceof RedisUnavailableError) {
        this.#restsUntil = performance.now() + restAfterSilenceMs
      }
      throw error
    }
  }

  #counts(): boolean {
    return this.#isUsable && this.#commands.isReady
  }

  #isResting(): boolean {
    return performance.now() < this.#restsUntil
  }

  /** What answers may take no writes, or not all keys. It is used when it would count. */
  #examine(): Promise<void> {
    return (this.#examining ??= this.#becomeUsable().finally(() => {
      this.#examining = undefined
    }))
  }

  async #becomeUsable(): Promise<void> {
    const asked = Promise.all([
      whyUnusable(this.#commands, this.#probeKey),
      // What went before this process, which may have begun with an outage, only Redis itself can tell.
      this.#returns > 0 ? 0 : readUptimeMs(this.#commands),
    ])
    const silent = ['Redis does not answer', 0] as const
    const [reason, uptimeMs] = await within(connectTimeoutMs, asked).catch(() => silent)
    if (!this.#commands.isReady) return
    if (reason === undefined) {
      this.#isUsable = true
      this.#returns++
      this.#returnedAt = performance.now() - uptimeMs
      this.#return()
    } else {
      this.#refuse(reason)
    }
  }

  /** Hangs up a little later, so that the driver connects anew, to wherever the address leads by then. */
  #refuse(reason: string): void {
    this.#isUsable = false
    this.#lose(undefined, reason)
    clearTimeout(this.#askingAgain)
    this.#askingAgain = setTimeout(() => {
      for (const client of [this.#commands, this.#subscriber]) {
        if (client.isReady) client.sendCommand(['QUIT']).catch(() => undefined)
      }
    }, askAgainAfterMs).unref()
  }

  /** Whatever Redis says (loading, read-only replica, another node's key, out of memory), the database counts. */
  #toUnavailable(error: unknown): RedisUnavailableError {
    if (error instanceof RedisUnavailableError) return error
    // It answered with an error, and who knows what it has counted when it answers otherwise.
    if (this.#counts()) void this.#examine()
    this.#isUsable = false
    return new RedisUnavailableError('Redis did not count', { cause: error })
  }

  #lose(error: unknown, reason = 'Redis is away'): void {
    if (!this.#isLost) this.#logger.warn({ err: error }, `${reason}; the database takes over`)
    this.#isLost = true
  }

  #return(): void {
    if (!this.#counts() || !this.#subscriber.isReady) return
    if (this.#isLost) this.#logger.info({}, 'Redis is back')
    this.#isLost = false
  }
}

async function loadDriver(): Promise<Driver> {
  try {
    return await import('@redis/client')
  } catch (error) {
    const message = 'REDIS_URL needs the package @redis/client: npm install @redis/client.'
    throw Object.assign(new ConfigurationError([{ option: 'redisUrl', message }]), { cause: error })
  }
}

function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT')
}

async function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => reject(new RedisUnavailableError(`Redis did not answer within ${limitMs} ms`)),
    limitMs,
  )
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}
