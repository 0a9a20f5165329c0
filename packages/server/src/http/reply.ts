import type { Problem } from './problems.ts'

/** A stream has no length: it ends when it ends, or when the caller goes away. */
export type RawBody = string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>>

/** What a handler answers with: data, raw bytes of another type, or a problem. */
export interface Reply {
  readonly status: number
  /** Sent as JSON. */
  readonly body?: unknown
  /** Sent as it is; needs its own content-type in `headers`. */
  readonly raw?: RawBody
  readonly headers?: Readonly<Record<string, string>>
  /** Set-Cookie is the one field that cannot be joined by commas (RFC 9110 section 5.3), so it stands apart. */
  readonly cookies?: readonly string[]
}

export type Answer = Reply | Problem

export function isProblem(answer: Answer): answer is Problem {
  return 'problem' in answer
}

/** An answer ready for the wire: nothing about it is left to decide. */
export interface WireAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly cookies?: readonly string[]
  readonly body: RawBody | null
}
