// Client: how the suite speaks HTTP. It uses node:http itself, so that a test decides about every header; what browsers
// and fetch would add or forbid is the test's business.

import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http'

export type JsonObject = Readonly<Record<string, unknown>>

export interface CallOptions {
  readonly method?: string
  readonly headers?: OutgoingHttpHeaders
  /** Sent as JSON with its content type. */
  readonly json?: unknown
  /** Sent as it is. */
  readonly body?: string | Uint8Array
  /** An access token, sent as Bearer. */
  readonly token?: string
  readonly cookie?: string
  readonly csrf?: string
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** The body as an object; empty when it is none. */
  readonly json: JsonObject
}

/** One request on a connection of its own. */
export function call(
  target: { readonly port: number },
  path: string,
  options: CallOptions = {},
): Promise<Answer> {
  const body = options.json === undefined ? options.body : JSON.stringify(options.json)
  const bytes = body === undefined ? undefined : Buffer.from(body)
  return new Promise((resolve, reject) => {
    const outgoing = request({
      host: '127.0.0.1',
      port: target.port,
      path,
      agent: false,
      method: options.method ?? (bytes ? 'POST' : 'GET'),
      headers: headersOf(options, bytes),
    })
    outgoing.once('error', reject)
    outgoing.once('response', (incoming) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.once('error', reject)
      incoming.once('end', () => {
        const text = Buffer.concat(chunks).toString()
        const { headers, statusCode: status = 0 } = incoming
        resolve({ status, headers, text, json: parseObject(text) })
      })
    })
    outgoing.end(bytes)
  })
}

function headersOf(options: CallOptions, bytes: Uint8Array | undefined): OutgoingHttpHeaders {
  const { json, token, cookie, csrf, headers } = options
  const isChunked = headers !== undefined && 'transfer-encoding' in headers
  return {
    ...(bytes && !isChunked && { 'content-length': bytes.length }),
    ...(json !== undefined && { 'content-type': 'application/json' }),
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(cookie !== undefined && { cookie }),
    ...(csrf !== undefined && { 'x-csrf-token': csrf }),
    ...headers,
  }
}

function parseObject(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as JsonObject) : {}
  } catch {
    return {}
  }
}
