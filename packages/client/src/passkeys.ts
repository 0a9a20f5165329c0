import type { Api } from './api.ts'
import { askPasskey, canAutofill, createPasskey } from './browser-passkey.ts'
import type { Client } from './client.ts'
import type { Factor, Operations, Profile, TokenAnswer } from './contract.generated.ts'
import type { Renew } from './factors.ts'

interface PasskeyParts {
  readonly api: Api
  readonly delivery: 'cookie' | 'body'
  readonly withToken: <T>(call: (accessToken: string | undefined) => Promise<T>) => Promise<T>
  readonly open: (ask: () => Promise<Operations['login']['answer']>) => Promise<Profile>
  readonly renew: Renew
}

/** What authenticators do. The server is asked before and after, never while the user decides. */
export function createPasskeys(parts: PasskeyParts): Client['passkeys'] {
  const { api, delivery, withToken, open } = parts
  const turn = createTurns()
  return {
    canAutofill,
    add: (wish = {}) => addPasskey(parts, turn, wish),
    login: async ({ mediation, signal } = {}) => {
      const mine = turn(signal)
      const options = await api.call('passkeySignInOptions')
      const response = await askPasskey(options, mine, mediation)
      return open(() => api.call('passkeySignIn', { body: { response, delivery } }))
    },
    proveSecondFactor: async (mfaToken) => {
      const mine = turn()
      const options = await api.call('passkeySecondFactorOptions', { body: { mfaToken } })
      const response = await askPasskey(options, mine)
      return open(() => api.call('passkeySecondFactor', { body: { mfaToken, response } }))
    },
    stepUp: async () => {
      const mine = turn()
      const options = await withToken((accessToken) =>
        api.call('passkeyStepUpOptions', { accessToken }),
      )
      const response = await askPasskey(options, mine)
      return withToken((accessToken) =>
        open(() => api.call('passkeyStepUp', { accessToken, body: { response, delivery } })),
      )
    },
    ask: (options) => askPasskey(options, turn()),
  }
}

type Turn = (signal?: AbortSignal) => AbortSignal

async function addPasskey(
  { api, withToken, open, renew }: PasskeyParts,
  turn: Turn,
  { name, mfaToken }: { readonly name?: string; readonly mfaToken?: string },
) {
  const mine = turn()
  const waiting = mfaToken === undefined ? {} : { mfaToken }
  const ask = (accessToken?: string) =>
    api.call('passkeyRegistrationOptions', { accessToken, body: waiting })
  const options = await (mfaToken === undefined ? withToken(ask) : ask())
  const response = await createPasskey(options, mine)
  const body = { response, ...waiting, ...(name !== undefined && { name }) }
  const send = (accessToken?: string) => api.call('registerPasskey', { accessToken, body })
  if (mfaToken === undefined) return (await renew(send)).factor
  const added: Factor[] = []
  await open(async () => {
    const answer = await send()
    added.push(answer.factor)
    // With an mfaToken the answer is that of the log-in which it completes.
    return answer as TokenAnswer
  })
  return added[0] as Factor
}

/** A browser asks one thing at a time: what is asked next takes the place of what the autofill still offers. */
function createTurns(): Turn {
  let current = new AbortController()
  return (signal) => {
    current.abort()
    current = new AbortController()
    return signal ? AbortSignal.any([signal, current.signal]) : current.signal
  }
}
