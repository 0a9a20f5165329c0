import type { PasskeyRequestOptions, ProblemCode } from './contract.generated.ts'

export interface FieldError {
  /** The member at fault, with dots between levels. */
  readonly path: string
  readonly code: string
  readonly message: string
}

/** The server's own word that there is no session (any more); a 401 of somebody in between says nothing of it. */
export function isSessionOver(error: unknown): boolean {
  return error instanceof CountersignError && error.status === 401 && error.code !== 'network'
}

/** A call that failed. */
export class CountersignError extends Error {
  override readonly name = 'CountersignError'
  /** The server's code, or `network`: no answer came, or one that is not Countersign's. */
  readonly code: ProblemCode | 'network'
  /** The HTTP status; 0 when no answer came. */
  readonly status: number
  readonly errors: readonly FieldError[]
  readonly requestId: string | undefined
  /** How long the server asks to wait before the next try. */
  readonly retryAfterSeconds: number | undefined
  /** Of `mfa_required`: what `proveSecondFactor` goes on with. */
  readonly mfaToken: string | undefined
  /** Of `mfa_required`: what may be proven. */
  readonly factors: readonly string[]
  /** Of `mfa_required` beside the link of a mail: what `passkeys.ask` asks with. */
  readonly passkey: PasskeyRequestOptions | undefined

  constructor(
    message: string,
    facts: {
      readonly code: ProblemCode | 'network'
      readonly status: number
      readonly errors?: readonly FieldError[] | undefined
      readonly requestId?: string | undefined
      readonly retryAfterSeconds?: number | undefined
      readonly mfaToken?: string | undefined
      readonly factors?: readonly string[] | undefined
      readonly passkey?: PasskeyRequestOptions | undefined
      readonly cause?: unknown
    },
  ) {
    super(message, { cause: facts.cause })
    this.code = facts.code
    this.status = facts.status
    this.errors = facts.errors ?? []
    this.requestId = facts.requestId
    this.retryAfterSeconds = facts.retryAfterSeconds
    this.mfaToken = facts.mfaToken
    this.factors = facts.factors ?? []
    this.passkey = facts.passkey
  }
}
