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

  /** At most 256 characters: it is kept with the session. */
  get userAgent(): string | null {
    return this.source.header('user-agent')?.slice(0, 256) ?? null
  }
}
