import type { ServiceStore } from '../services/store.ts'
import type { RevocationFeed, SignedPage } from './feed.ts'
import { heartbeatSeconds } from './feed.ts'

export interface FeedStreams {
  /** Server-sent events from this cursor on; undefined when too many are open. */
  open(
    serviceId: string,
    cursor: string | undefined,
  ): ReadableStream<Uint8Array<ArrayBuffer>> | undefined
  /** Ends all of them: their consumers come back to another instance. */
  close(): void
}

const mostStreams = 1_000
// A consumer that reads slower than this falls behind is cut off, and catches up by pages.
const longestBacklogBytes = 16 * 2 ** 20

export function createFeedStreams(
  feed: RevocationFeed,
  services: Pick<ServiceStore, 'findService'>,
): FeedStreams {
  const open = new Set<FeedStream>()
  let isClosed = false
  return {
    open: (serviceId, cursor) => {
      if (isClosed || open.size >= mostStreams) return undefined
      const stream = new FeedStream(feed, services, serviceId, cursor)
      open.add(stream)
      // Not as it is made: one whose beginning is too long is over by then.
      stream.whenOver(() => open.delete(stream))
      return stream.body
    },
    close: () => {
      isClosed = true
      for (const stream of open) stream.end()
    },
  }
}

class FeedStream {
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>
  readonly #feed: RevocationFeed
  #onEnd: (() => void) | undefined
  readonly #stopNews: () => void
  readonly #heartbeat: NodeJS.Timeout
  #controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined
  #cursor: string | undefined
  #isTelling = false

  constructor(
    feed: RevocationFeed,
    services: Pick<ServiceStore, 'findService'>,
    serviceId: string,
    cursor: string | undefined,
  ) {
    this.#feed = feed
    this.#cursor = cursor
    this.#stopNews = feed.onNews(() => this.#tellSoon())
    this.#heartbeat = setInterval(() => {
      void this.#checkService(services, serviceId)
    }, heartbeatSeconds * 1000).unref()
    this.body = new ReadableStream(
      {
        start: (controller) => {
          this.#controller = controller
          this.#tell()
        },
        cancel: () => this.#stop(),
      },
      { highWaterMark: longestBacklogBytes, size: (chunk) => chunk?.byteLength ?? 0 },
    )
  }

  /** Calls the listener when nothing more is told, at once if that is so already. */
  whenOver(listener: () => void): void {
    if (this.#controller === undefined) listener()
    else this.#onEnd = listener
  }

  end(): void {
    this.#controller?.close()
    this.#stop()
  }

  /** A removed service ends here; every other hears that nothing was missed. */
  async #checkService(services: Pick<ServiceStore, 'findService'>, id: string): Promise<void> {
    try {
      if ((await services.findService(id)) === undefined) this.end()
      else this.#tell()
    } catch {
      // Without the database nobody can tell whether the service still is one, nor what was revoked.
      if (this.#controller) this.end()
    }
  }

  // Everything that is revoked in one turn of the event loop goes into one page.
  #tellSoon(): void {
    if (this.#isTelling) return
    this.#isTelling = true
    setImmediate(() => {
      this.#isTelling = false
      this.#tell()
    })
  }

  #tell(): void {
    let page: SignedPage
    do {
      if (this.#controller === undefined) return
      page = this.#feed.pageFrom(this.#cursor)
      this.#controller.enqueue(toEvent(page))
      this.#cursor = page.cursor
      if ((this.#controller.desiredSize ?? 0) < 0) this.end()
    } while (page.more)
  }

  #stop(): void {
    if (this.#controller === undefined) return
    this.#controller = undefined
    this.#stopNews()
    clearInterval(this.#heartbeat)
    this.#onEnd?.()
  }
}

function toEvent({ text, cursor }: SignedPage): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`event: revocations\nid: ${cursor}\ndata: ${text}\n\n`)
}
