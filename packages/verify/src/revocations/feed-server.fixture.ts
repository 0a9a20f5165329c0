import type { IncomingMessage, ServerResponse } from 'node:http'
import type { IssuerServer } from '../issuer/issuer-server.fixture.ts'
import { signToken } from '../tokens/issuer.fixture.ts'
import type { FeedEntry } from './feed-page.ts'

export const CREDENTIAL = { id: 'billing', secret: 'a secret: with colon' }

/** The issuer's side of docs/revocation-feed.md, kept in memory and steered by a test. */
export class FeedServer {
  readonly #issuer: IssuerServer
  readonly #clock: () => number
  readonly #authorization: string
  readonly #streams = new Set<ServerResponse>()
  entries: FeedEntry[] = []
  /** What was asked for, in order: the page's or the stream's cursor. */
  readonly asked: string[] = []
  pageSize = 1000
  keep = 1020
  heartbeat = 5
  /** Answers in place of pages and streams. */
  status = 200
  /** Claims that a page is signed with in place of its own. */
  tampering: object = {}
  offersStreams = true

  constructor(issuer: IssuerServer, clock: () => number, credential = CREDENTIAL) {
    this.#issuer = issuer
    // RFC 6749 §2.3.1, by hand.
    const { id, secret } = credential
    const pair = `${id}:${secret.replaceAll(':', '%3A').replaceAll(' ', '+')}`
    this.#authorization = `Basic ${Buffer.from(pair).toString('base64')}`
    this.#clock = clock
    issuer.answers.set('/api/auth/revocations', (request, response) => {
      this.#answer(request, response)
    })
  }

  revoke(...entries: FeedEntry[]): void {
    const from = this.cursor
    this.entries.push(...entries)
    const page = this.page(from)
    for (const stream of this.#streams) writeEvent(stream, page, this.cursor)
  }

  /** What a stream sends when nothing happens. */
  beat(): void {
    const page = this.page(this.cursor)
    for (const stream of this.#streams) writeEvent(stream, page, this.cursor)
  }

  /** Sends a text on every stream as it is. */
  send(text: string): void {
    for (const stream of this.#streams) stream.write(text)
  }

  get streams(): number {
    return this.#streams.size
  }

  breakStreams(): void {
    for (const stream of this.#streams) stream.destroy()
  }

  get cursor(): string {
    return `c.${this.entries.length}`
  }

  /** One signed page after a cursor. */
  page(cursor: string | null, changes: object = {}): string {
    const start = cursor === null ? 0 : Number(cursor.slice(2))
    const end = Math.min(this.entries.length, start + this.pageSize)
    const [key] = this.#issuer.keys.slice(-1)
    if (key === undefined) throw new Error('The issuer has no key.')
    const payload = {
      iss: this.#issuer.url,
      iat: Math.floor(this.#clock() / 1000),
      from: cursor,
      cursor: `c.${end}`,
      more: end < this.entries.length,
      keep: this.keep,
      heartbeat: this.heartbeat,
      entries: this.entries.slice(start, end),
      ...this.tampering,
      ...changes,
    }
    const header = { alg: key.algorithm, typ: 'countersign-revocations+jwt', kid: key.kid }
    return signToken(key, payload, header)
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    if (request.headers.authorization !== this.#authorization) {
      response.writeHead(401).end()
      return
    }
    if (this.status !== 200) {
      response.writeHead(this.status).end()
      return
    }
    const query = new URL(request.url ?? '', this.#issuer.url).searchParams.get('cursor')
    if (request.headers.accept === 'text/event-stream') this.#stream(request, response, query)
    else this.#sendPage(request, response, query)
  }

  #sendPage(request: IncomingMessage, response: ServerResponse, cursor: string | null): void {
    this.asked.push(`page ${cursor}`)
    const page = this.page(cursor)
    const etag = `"${cursor}-${this.cursor}-${Math.floor(this.#clock() / 5000)}"`
    response.setHeader('etag', etag)
    if (request.headers['if-none-match'] === etag) {
      this.asked.push('304')
      response.writeHead(304).end()
      return
    }
    response.setHeader('content-type', 'application/countersign-revocations+jwt')
    response.end(page)
  }

  #stream(request: IncomingMessage, response: ServerResponse, query: string | null): void {
    if (!this.offersStreams) {
      response.writeHead(406).end()
      return
    }
    const last = request.headers['last-event-id']
    let cursor = typeof last === 'string' ? last : query
    this.asked.push(`stream ${cursor}`)
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    this.#streams.add(response)
    response.on('close', () => this.#streams.delete(response))
    do {
      writeEvent(response, this.page(cursor), this.cursor)
      cursor = `c.${Math.min(this.entries.length, Number((cursor ?? 'c.0').slice(2)) + this.pageSize)}`
    } while (cursor !== this.cursor)
  }
}

function writeEvent(stream: ServerResponse, page: string, id: string): void {
  stream.write(`event: revocations\nid: ${id}\ndata: ${page}\n\n`)
}
