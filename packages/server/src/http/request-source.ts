import type { IncomingMessage } from 'node:http'

/** What the pipeline needs of a request, whichever way it came. */
export interface RequestSource {
  header(name: string): string | undefined
  readonly remoteAddress: string | undefined
  /** The body, or `too_large` as soon as it passes the limit. */
  readBody(limitBytes: number): Promise<Uint8Array | 'too_large'>
}

/** What a host may have added: Express its `ip`, body parsers the body. */
type HostRequest = IncomingMessage & { ip?: unknown; body?: unknown; rawBody?: unknown }

/** A request of node:http, also one whose body the host has parsed already (`express.json()`). */
export class NodeSource implements RequestSource {
  readonly #incoming: HostRequest

  constructor(incoming: IncomingMessage) {
    this.#incoming = incoming
  }

  // Express resolves `ip` by its own "trust proxy", so that limits and audit events see whom the host sees.
  get remoteAddress(): string | undefined {
    const { ip, socket } = this.#incoming
    return typeof ip === 'string' ? ip : socket.remoteAddress
  }

  header(name: string): string | undefined {
    const value = this.#incoming.headers[name]
    return typeof value === 'string' ? value : value?.join(', ')
  }

  readBody(limitBytes: number): Promise<Uint8Array | 'too_large'> {
    const incoming = this.#incoming
    if (incoming.rawBody instanceof Uint8Array) return limit(incoming.rawBody, limitBytes)
    if (incoming.readableEnded && incoming.body !== undefined) {
      return limit(encodeParsed(incoming.body), limitBytes)
    }
    return readStream(incoming, limitBytes)
  }
}

// A host's parser leaves a value; its members arrive in their first or last spelling, which only the host can prevent.
function encodeParsed(body: unknown): Uint8Array {
  if (body instanceof Uint8Array) return body
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
}

async function limit(bytes: Uint8Array, limitBytes: number): Promise<Uint8Array | 'too_large'> {
  return bytes.length > limitBytes ? 'too_large' : bytes
}

function readStream(
  incoming: IncomingMessage,
  limitBytes: number,
): Promise<Uint8Array | 'too_large'> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    const stop = (): void => {
      incoming.off('data', onData).off('end', onEnd).off('error', onError).off('close', onClose)
    }
    const onData = (chunk: Buffer): void => {
      length += chunk.length
      if (length > limitBytes) {
        stop()
        resolve('too_large')
        return
      }
      chunks.push(chunk)
    }
    const onEnd = (): void => {
      stop()
      resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks))
    }
    const onError = (error: Error): void => {
      stop()
      reject(new RequestAbortedError({ cause: error }))
    }
    const onClose = (): void => {
      stop()
      reject(new RequestAbortedError())
    }
    incoming.on('data', onData).on('end', onEnd).on('error', onError).on('close', onClose)
    if (incoming.destroyed && !incoming.readableEnded) onClose()
    else if (incoming.readableEnded) onEnd()
  })
}

/** The client went away before its body was complete: nobody is there to answer. */
export class RequestAbortedError extends Error {
  override readonly name = 'RequestAbortedError'
  constructor(options?: ErrorOptions) {
    super('The client closed the connection before its request was complete', options)
  }
}

/** A request of the Fetch standard. */
export class FetchSource implements RequestSource {
  readonly #request: Request
  readonly remoteAddress: string | undefined

  constructor(request: Request, remoteAddress: string | undefined) {
    this.#request = request
    this.remoteAddress = remoteAddress
  }

  header(name: string): string | undefined {
    return this.#request.headers.get(name) ?? undefined
  }

  async readBody(limitBytes: number): Promise<Uint8Array | 'too_large'> {
    const chunks: Uint8Array[] = []
    let length = 0
    const stream: AsyncIterable<Uint8Array> | null = this.#request.body
    if (stream === null) return new Uint8Array()
    for await (const chunk of stream) {
      length += chunk.length
      if (length > limitBytes) return 'too_large'
      chunks.push(chunk)
    }
    return Buffer.concat(chunks)
  }
}
