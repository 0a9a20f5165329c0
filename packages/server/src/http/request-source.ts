import type { IncomingMessage } from 'node:http'

/** The body's bytes, or why it was not read to its end. */
export type BodyBytes = Uint8Array | 'too_large' | 'too_deep'

/** What the pipeline needs of a request, whichever way it came. */
export interface RequestSource {
  header(name: string): string | undefined
  readonly remoteAddress: string | undefined
  /** Whether it says that a body comes with it, which may still turn out to be empty. */
  readonly hasBody: boolean
  /** Whether a host has read the body and left a value: then its codings are undone already. */
  readonly isBodyParsed: boolean
  /** The body, or `too_large` as soon as it passes the limit; `too_deep` only of a value that a host has parsed. */
  readBody(limitBytes: number): Promise<BodyBytes>
}

/** What a host may have added: Express its `ip`, body parsers the body. */
type HostRequest = IncomingMessage & { ip?: unknown; body?: unknown; rawBody?: unknown }

/**
 * The Authorization header; of several all of them, which is no credential. node:http keeps the first and drops the
 * others, but whoever stands in front may have looked at another (RFC 9110 section 5.3).
 */
export function authorizationOf(incoming: IncomingMessage): string | undefined {
  const { authorization } = incoming.headers
  if (authorization === undefined) return undefined
  const values = fieldValues(incoming, 'authorization')
  return values.length === 1 ? authorization : values.join(', ')
}

/** Every value of a field, in order, also of fields that node:http takes once. */
export function fieldValues({ rawHeaders }: IncomingMessage, name: string): string[] {
  const values: string[] = []
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const field = rawHeaders[at] ?? ''
    if (field.length === name.length && field.toLowerCase() === name) {
      values.push(rawHeaders[at + 1] ?? '')
    }
  }
  return values
}

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
    if (name === 'authorization') return authorizationOf(this.#incoming)
    const value = this.#incoming.headers[name]
    return typeof value === 'string' ? value : value?.join(', ')
  }

  get hasBody(): boolean {
    const { 'content-length': length = '0', 'transfer-encoding': coding } = this.#incoming.headers
    return length !== '0' || coding !== undefined
  }

  get isBodyParsed(): boolean {
    const { rawBody, readableEnded, body } = this.#incoming
    return rawBody instanceof Uint8Array || (readableEnded && body !== undefined)
  }

  readBody(limitBytes: number): Promise<BodyBytes> {
    const incoming = this.#incoming
    // Nothing will come, so nothing needs to listen: to read a stream to its end costs as much as a MAC or two.
    if (incoming.headers['content-length'] === '0') return Promise.resolve(new Uint8Array())
    if (!this.isBodyParsed) return readStream(incoming, limitBytes)
    const { rawBody, body } = incoming
    return limit(rawBody instanceof Uint8Array ? rawBody : encodeParsed(body), limitBytes)
  }
}

// A host's parser leaves a value; its members arrive in their first or last spelling, which only the host can prevent.
function encodeParsed(body: unknown): Uint8Array | 'too_deep' {
  if (body instanceof Uint8Array) return body
  if (isDeep(body)) return 'too_deep'
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body, keepNumber))
}

// ECMAScript's JSON.parse with source text; the compiler's library does not know it yet.
const { rawJSON } = JSON as unknown as { readonly rawJSON: (text: string) => object }

// 1e400 is Infinity to a host's parser, and would be encoded as null, which is a value that some members take.
function keepNumber(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return rawJSON(`${value}`)
  if (typeof value !== 'number' || Number.isFinite(value)) return value
  return rawJSON(value < 0 ? '-1e400' : '1e400')
}

// Encoding is recursive, so a body of brackets would overflow the stack. Level by level, this one is not.
function isDeep(body: unknown): boolean {
  let level: unknown[] = [body]
  for (let depth = 0; depth < deepest; depth++) {
    level = level.flatMap((value) =>
      typeof value === 'object' && value !== null ? Object.values(value) : [],
    )
    if (level.length === 0) return false
  }
  return true
}

/** More than any body may have, so that the parser decides about what is only a little too deep. */
const deepest = 64

async function limit(bytes: Uint8Array | 'too_deep', limitBytes: number): Promise<BodyBytes> {
  return bytes !== 'too_deep' && bytes.length > limitBytes ? 'too_large' : bytes
}

function readStream(incoming: IncomingMessage, limitBytes: number): Promise<BodyBytes> {
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
  readonly isBodyParsed = false

  constructor(request: Request, remoteAddress: string | undefined) {
    this.#request = request
    this.remoteAddress = remoteAddress
  }

  get hasBody(): boolean {
    return this.#request.body !== null && !this.#request.bodyUsed
  }

  header(name: string): string | undefined {
    return this.#request.headers.get(name) ?? undefined
  }

  async readBody(limitBytes: number): Promise<BodyBytes> {
    const { body, bodyUsed } = this.#request
    if (body === null) return new Uint8Array()
    if (bodyUsed) throw new TypeError('The body of the request was read before: hand it on unread')
    try {
      return await readChunks(body, limitBytes)
    } catch (error) {
      throw new RequestAbortedError({ cause: error })
    }
  }
}

async function readChunks(
  stream: AsyncIterable<Uint8Array>,
  limitBytes: number,
): Promise<BodyBytes> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of stream) {
    length += chunk.length
    if (length > limitBytes) return 'too_large'
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
