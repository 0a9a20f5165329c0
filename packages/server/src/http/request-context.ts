import type { RequestSource } from './request-source.ts'

/** What is known about one request besides its content. A class, because a literal with a getter closure per request halves throughput. */
export class RequestContext {
  readonly requestId: string
  readonly source: RequestSource
  /** The caller's address, trusted proxies taken into account. */
  readonly ip: string
  readonly receivedAt: number
  /** Members of the answer's header that guards set on the way. */
  readonly headers: Record<string, string> = {}

  constructor(requestId: string, source: RequestSource, ip: string, receivedAt: number) {
    this.requestId = requestId
    this.source = source
    this.ip = ip
    this.receivedAt = receivedAt
  }

  /**
   * At most 256 characters: it is kept with the session. None of them controls a terminal: it is shown in logs, and a
   * header may hold the bytes 0x80 to 0x9f, of which one begins an escape sequence.
   */
  get userAgent(): string | null {
    const header = this.source.header('user-agent')
    return header?.slice(0, 256).replace(/\p{Cc}/gu, ' ') ?? null
  }
}
