import { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client, QueryConfig } from 'pg'
import type { PostgresSettings } from '../config/settings.ts'
import { loadPostgresDriver, type PostgresDriver } from '../postgres/load-driver.ts'
import { sessionClient } from '../postgres/set-up-session.ts'
import { type Bus, checkMessage } from './bus.ts'
import { decodeBatch, takeBatch } from './message-batch.ts'

export interface PostgresBusOptions {
  /** How often the other end is asked whether it is still there. Default: 5 s. */
  readonly heartbeatMs?: number
}

/**
 * A bus over LISTEN and NOTIFY, on a connection of its own. It does not wait for the connection, makes it again when it
 * is lost, and drops what is published meanwhile. Whoever may connect to the database can publish, too: a message is a
 * hint and proves nothing.
 * @throws ConfigurationError when the driver is not installed
 */
export async function openPostgresBus(
  settings: PostgresSettings,
  { heartbeatMs = 5_000 }: PostgresBusOptions = {},
): Promise<Bus> {
  return new PostgresBus(await loadPostgresDriver(), settings, heartbeatMs)
}

const mostWaiting = 10_000

class PostgresBus implements Bus {
  readonly #Client: new () => Client
  readonly #heartbeatMs: number
  /** Instances on one schema hear each other, and no others in the database. */
  readonly #channel: string
  readonly #listeners = new Set<(message: string) => void>()
  readonly #stop = new AbortController()
  readonly #running: Promise<void>
  #client: Client | undefined
  /** The connection carries one statement at a time. */
  #turn: Promise<unknown> = Promise.resolve()
  #waiting: string[] = []
  #flushing: Promise<void> | undefined

  constructor(driver: PostgresDriver, settings: PostgresSettings, heartbeatMs: number) {
    this.#Client = sessionClient(driver, settings)
    this.#heartbeatMs = heartbeatMs
    this.#channel = `countersign ${settings.schema}`.slice(0, 63)
    this.#running = this.#keepConnected()
  }

  publish(message: string): Promise<void> {
    checkMessage(message)
    if (this.#client === undefined || this.#waiting.length >= mostWaiting) return Promise.resolve()
    this.#waiting.push(message)
    return (this.#flushing ??= this.#flush())
  }

  subscribe(listener: (message: string) => void): () => void {
    // Wrapped, so that whoever subscribes twice with one function ends one subscription at a time.
    const entry = (message: string): void => listener(message)
    this.#listeners.add(entry)
    return () => this.#listeners.delete(entry)
  }

  isConnected(): boolean {
    return this.#client !== undefined
  }

  async close(): Promise<void> {
    this.#listeners.clear()
    await this.#flushing
    this.#stop.abort()
    await this.#running
  }

  /** What gathers while one statement is under way goes out with the next. */
  async #flush(): Promise<void> {
    try {
      while (this.#waiting.length > 0 && this.#client) {
        const values = [this.#channel, takeBatch(this.#waiting)]
        await this.#ask(this.#client, { name: notifyName, text: notifyText, values })
      }
    } catch {
      // Lost with the connection, as the interface says; another one is made meanwhile.
    } finally {
      this.#waiting = []
      this.#flushing = undefined
    }
  }

  #ask(client: Client, query: QueryConfig): Promise<unknown> {
    const answer = this.#turn.then(() => client.query(query))
    this.#turn = answer.catch(() => undefined)
    return answer
  }

  async #keepConnected(): Promise<void> {
    let failures = 0
    while (!this.#stop.signal.aborted) {
      try {
        await this.#stayConnected(() => (failures = 0))
      } catch {
        // Why does not matter: isConnected tells it, and there is only one thing to do.
      }
      await this.#pause(backOffMs(failures++))
    }
  }

  /** Returns or rejects when the connection is over. */
  async #stayConnected(onConnected: () => void): Promise<void> {
    const client = new this.#Client()
    const over = untilOver(client, this.#stop.signal)
    client.on('notification', ({ payload }) => this.#hear(payload ?? ''))
    try {
      await Promise.race([client.connect(), over])
      await Promise.race([this.#ask(client, { text: `LISTEN "${this.#channel}"` }), over])
      // Nobody's process stays alive only to listen.
      if (client.connection.stream instanceof Socket) client.connection.stream.unref()
      this.#client = client
      onConnected()
      await Promise.race([this.#askAgainAndAgain(client), over])
    } finally {
      this.#client = undefined
      // Without a farewell: a server that is gone would never answer it.
      client.connection.stream.destroy()
    }
  }

  /** A connection whose other end vanished looks alive until it is asked. Rejects when no answer comes. */
  async #askAgainAndAgain(client: Client): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.#pause(this.#heartbeatMs)
      await this.#ask(client, { text: 'SELECT 1' })
    }
  }

  async #pause(milliseconds: number): Promise<void> {
    try {
      await sleep(milliseconds, undefined, { signal: this.#stop.signal, ref: false })
    } catch {
      // Closed: whoever waits looks.
    }
  }

  #hear(payload: string): void {
    for (const message of decodeBatch(payload)) {
      for (const listener of this.#listeners) listener(message)
    }
  }
}

const notifyName = 'countersign_notify'
const notifyText = 'SELECT pg_notify($1, $2)'

/** From 50 ms, doubled up to 5 s, and a part of it by chance: instances that lost one server do not return as one. */
function backOffMs(failures: number): number {
  return Math.min(50 * 2 ** failures, 5_000) * (0.5 + Math.random() / 2)
}

/** Rejects when the connection breaks, resolves when nobody needs it any more. */
function untilOver(client: Client, signal: AbortSignal): Promise<void> {
  const over = new Promise<void>((resolve, reject) => {
    // More than one may come.
    client.on('error', reject)
    client.on('end', () => reject(new Error('The connection was closed')))
    signal.addEventListener('abort', () => resolve(), { once: true })
    if (signal.aborted) resolve()
  })
  over.catch(() => undefined)
  return over
}
