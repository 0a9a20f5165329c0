import { parseJsonObject } from '../encoding/json-object.ts'
import { type Fetch, fetchDocument } from '../issuer/fetch-document.ts'
import { SharedWork } from '../issuer/shared-work.ts'
import type { Outage } from '../tokens/token-failure.ts'

/** Asks the issuer about one token (RFC 7662). Never rejects. */
export type Introspect = (token: string) => Promise<'revoked' | Outage | undefined>

const MAX_ANSWER_BYTES = 65_536
/** Beyond that the issuer is too slow to be asked about every token. */
const MAX_IN_FLIGHT = 100

/** Nothing is kept: an answer is as good as the moment it was given in. The same token is asked about once at a time. */
export function createIntrospect(options: {
  findEndpoint: () => Promise<string>
  authorization: string
  fetch: Fetch
  timeoutMs: number
  onProblem: (problem: Error) => void
}): Introspect {
  const { findEndpoint, authorization, fetch, timeoutMs, onProblem } = options
  const inFlight = new Map<string, ReturnType<Introspect>>()

  async function ask(token: string): ReturnType<Introspect> {
    try {
      const { bytes } = await fetchDocument(fetch, {
        url: await findEndpoint(),
        name: 'introspection',
        method: 'POST',
        headers: {
          accept: 'application/json',
          authorization,
          'content-type': 'application/x-www-form-urlencoded',
        },
        body: new URLSearchParams({ token, token_type_hint: 'access_token' }).toString(),
        maxBytes: MAX_ANSWER_BYTES,
        timeoutMs,
      })
      const active = parseJsonObject(bytes)?.['active']
      if (typeof active !== 'boolean') throw new Error('The introspection answers no "active".')
      return active ? undefined : 'revoked'
    } catch (error) {
      onProblem(error instanceof Error ? error : new Error(String(error)))
      return 'revocations_unavailable'
    }
  }

  // Where nobody may wait for the work of another, nothing is counted either: what has ended there says no good-bye.
  if (!new SharedWork().isShared) return ask
  return (token) => {
    const known = inFlight.get(token)
    if (known !== undefined) return known
    if (inFlight.size >= MAX_IN_FLIGHT) return Promise.resolve('revocations_unavailable')
    const asked = ask(token).finally(() => inFlight.delete(token))
    inFlight.set(token, asked)
    return asked
  }
}
