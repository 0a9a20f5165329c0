import {
  type Operations,
  type PasskeyRequestOptions,
  type ProblemCode,
  routes,
} from './contract.generated.ts'
import { CountersignError, type FieldError } from './countersign-error.ts'

type Named = keyof Operations

export interface Call<Name extends Named> {
  readonly body?: Operations[Name]['body']
  /** In place of the parameters in braces. */
  readonly id?: string
  readonly accessToken?: string | undefined
  readonly csrfToken?: string | undefined
}

export interface Api {
  call<Name extends Named>(name: Name, call?: Call<Name>): Promise<Operations[Name]['answer']>
}

/**
 * A third of the server's refresh window (30 s): a client that gives up by then and ignores what comes later is never
 * taken for a thief, however often it tries again.
 */
const answerWithinMs = 10_000

export function createApi(parts: {
  readonly url: string
  readonly fetch: typeof fetch
  readonly credentials: RequestCredentials
}): Api {
  return {
    call: async (name, { body, id = '', accessToken, csrfToken } = {}) => {
      const [method, path] = routes[name]
      const headers: Record<string, string> = { accept: 'application/json' }
      if (body !== undefined) headers['content-type'] = 'application/json'
      if (accessToken !== undefined) headers['authorization'] = `Bearer ${accessToken}`
      if (csrfToken !== undefined) headers['x-csrf-token'] = csrfToken
      const target = `${parts.url}${path.replace('{id}', encodeURIComponent(id))}`
      const init: RequestInit = {
        method,
        headers,
        credentials: parts.credentials,
        redirect: 'error',
        cache: 'no-store',
        signal: AbortSignal.timeout(answerWithinMs),
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }
      const { answer, value } = await send(parts.fetch, target, init)
      if (!answer.ok) throw explain(answer, value)
      if (answer.status !== 204 && !isObject(value)) throw notOurs(answer)
      return value as never
    },
  }
}

async function send(
  fetch: typeof globalThis.fetch,
  target: string,
  init: RequestInit,
): Promise<{ answer: Response; value: unknown }> {
  try {
    const answer = await fetch(target, init)
    const text = await answer.text()
    return { answer, value: text === '' ? undefined : JSON.parse(text) }
  } catch (cause) {
    throw new CountersignError('The server did not answer', { code: 'network', status: 0, cause })
  }
}

interface Problem {
  readonly code: ProblemCode
  readonly message: string
  readonly requestId?: string
  readonly mfaToken?: string
  readonly factors?: readonly string[]
  readonly passkey?: PasskeyRequestOptions
  readonly errors?: readonly FieldError[]
}

function explain(answer: Response, value: unknown): CountersignError {
  const { status } = answer
  if (!isProblem(value)) return notOurs(answer)
  const retryAfter = Number.parseInt(answer.headers.get('retry-after') ?? '', 10)
  return new CountersignError(value.message, {
    code: value.code,
    status,
    errors: value.errors,
    requestId: value.requestId,
    mfaToken: value.mfaToken,
    factors: value.factors,
    passkey: value.passkey,
    retryAfterSeconds: Number.isNaN(retryAfter) ? undefined : retryAfter,
  })
}

function notOurs({ status }: Response): CountersignError {
  const message = `The answer (${status}) is not Countersign's`
  return new CountersignError(message, { code: 'network', status })
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

// Whoever stands in between (the page of a wireless network, a proxy) has errors of its own, and they end no session.
function isProblem(value: unknown): value is Problem {
  if (!isObject(value) || !('type' in value)) return false
  const isOurs = typeof value.type === 'string' && value.type.startsWith('urn:countersign:')
  return isOurs && 'code' in value && 'message' in value
}
