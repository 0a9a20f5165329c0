/** The part of `fetch` that this package uses. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** What to fetch, and what may come of it. */
export interface DocumentRequest {
  url: string
  /** How the document is called in messages. */
  name: string
  method?: 'GET' | 'POST'
  headers: Readonly<Record<string, string>>
  body?: string
  /** Statuses that are an answer; default 200 alone. */
  statuses?: readonly number[]
  maxBytes: number
  timeoutMs: number
  /** Ends the request early. */
  signal?: AbortSignal
}

/** What came. */
export interface FetchedDocument {
  status: number
  headers: Headers
  bytes: Uint8Array
}

/**
 * Fetches one document within its limits of size and time. Redirects are not followed: the address was configured, and
 * where it points is part of what is trusted.
 *
 * @throws Error that says what went wrong, with no header or body in its message
 */
export async function fetchDocument(
  fetch: Fetch,
  request: DocumentRequest,
): Promise<FetchedDocument> {
  const { name, url, maxBytes, timeoutMs, signal, statuses = [200] } = request
  const timeout = AbortSignal.timeout(timeoutMs)
  try {
    const response = await openDocument(fetch, request, timeout)
    if (!statuses.includes(response.status)) {
      await response.body?.cancel()
      throw new Error(`answered ${response.status}`)
    }
    const bytes = await readBody(response, maxBytes)
    return { status: response.status, headers: response.headers, bytes }
  } catch (cause) {
    if (signal?.aborted === true) throw cause
    const why = timeout.aborted ? `no answer within ${timeoutMs} ms` : explain(cause)
    throw new Error(`The ${name} at ${url} cannot be read: ${why}.`, { cause })
  }
}

/** Sends the request and refuses a redirect; the body is the caller's. */
export async function openDocument(
  fetch: Fetch,
  request: Pick<DocumentRequest, 'url' | 'method' | 'headers' | 'body' | 'signal'>,
  timeout: AbortSignal,
): Promise<Response> {
  const { url, method = 'GET', headers, body, signal } = request
  const response = await fetch(url, {
    method,
    headers,
    ...(body !== undefined && { body }),
    // Not 'error', which Workers lack.
    redirect: 'manual',
    signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
  })
  const isRedirect = response.status >= 300 && response.status < 400 && response.status !== 304
  if (response.redirected || response.type === 'opaqueredirect' || isRedirect) {
    await response.body?.cancel()
    throw new Error('it redirects elsewhere, which is not followed')
  }
  return response
}

async function readBody(response: Response, maxBytes: number): Promise<Uint8Array> {
  if (response.body === null) return new Uint8Array()
  const chunks: Uint8Array[] = []
  let length = 0
  for (const reader = response.body.getReader(); ; ) {
    const { done, value } = await reader.read()
    if (done) return concatenate(chunks, length)
    length += value.length
    if (length > maxBytes) {
      await reader.cancel()
      throw new Error(`it is longer than ${maxBytes} bytes`)
    }
    chunks.push(value)
  }
}

function concatenate(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

/** `fetch` says "fetch failed" and hides the reason one level down. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message : error.message
}
