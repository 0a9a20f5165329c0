import type { SessionKeeper } from './keep-session.ts'
import { isSameUser } from './tokens.ts'

export interface AuthorizedFetchParts {
  readonly keeper: Pick<SessionKeeper, 'fresh'>
  readonly fetch: typeof fetch
  readonly base: string
  /** Where the token may go. */
  readonly origins: ReadonlySet<string>
}

/** fetch with the access token, for trusted origins alone; after a 401 it refreshes and tries once more. */
export function createAuthorizedFetch(
  parts: AuthorizedFetchParts,
): (input: string | URL | Request, init?: RequestInit) => Promise<Response> {
  const { keeper, fetch } = parts
  return async (input, init) => {
    const target = input instanceof Request ? input : new URL(input, parts.base)
    const request = new Request(target, init)
    if (!parts.origins.has(new URL(request.url).origin)) return fetch(request)

    const tokens = await unlessAborted(keeper.fresh(), request.signal)
    if (tokens === undefined) return fetch(request)
    // A stream can be sent once, and copying it would hold all of it in memory.
    const again = init?.body instanceof ReadableStream ? undefined : request.clone()
    const answer = await fetch(authorize(request, tokens.accessToken))
    if (answer.status !== 401 || again === undefined || wantsMore(answer)) return answer

    const renewed = await unlessAborted(keeper.fresh(tokens.accessToken), again.signal)
    // What one user sent is not sent again as another, who signed in meanwhile.
    if (renewed === undefined || !isSameUser(renewed, tokens)) return answer
    await answer.body?.cancel()
    return fetch(authorize(again, renewed.accessToken))
  }
}

function authorize(request: Request, accessToken: string): Request {
  request.headers.set('authorization', `Bearer ${accessToken}`)
  return request
}

/** Whoever gives up does not wait; the refresh goes on for others. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(signal.reason)
    if (signal.aborted) giveUp()
    signal.addEventListener('abort', giveUp, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp))
  })
}

/** A 401 that a fresh token does not cure: the user has to log in again first (RFC 9470). */
function wantsMore(answer: Response): boolean {
  const challenge = answer.headers.get('www-authenticate') ?? ''
  return challenge.includes('insufficient_user_authentication')
}
