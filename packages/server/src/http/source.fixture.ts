import type { RequestSource } from './request-source.ts'

export interface SourceFacts {
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>
  readonly remoteAddress?: string
  readonly body?: string | Uint8Array
}

/** A request as the pipeline sees it, without a socket. */
export function createSource({
  headers = {},
  remoteAddress,
  body = '',
}: SourceFacts = {}): RequestSource {
  const bytes = Buffer.from(body)
  return {
    header: (name) => headers[name],
    remoteAddress,
    hasBody: bytes.length > 0,
    isBodyParsed: false,
    readBody: async (limitBytes) => (bytes.length > limitBytes ? 'too_large' : bytes),
  }
}
