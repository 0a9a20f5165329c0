import type { Api } from './api.ts'
import type { Client } from './client.ts'
import type { AccessAnswer, Factor, Profile, TokenAnswer } from './contract.generated.ts'

/** A call that ends every other session, and whose answer this one goes on with. */
export type Renew = <Answer extends AccessAnswer>(
  call: (accessToken: string | undefined) => Promise<Answer>,
) => Promise<Answer>

/** A call of whoever is signed in. */
export type WithToken = <Answer>(
  call: (accessToken: string | undefined) => Promise<Answer>,
) => Promise<Answer>

interface FactorsParts {
  readonly api: Api
  readonly withToken: WithToken
  readonly open: (ask: () => Promise<TokenAnswer>) => Promise<Profile>
  readonly renew: Renew
}

export function createFactors({ api, withToken, open, renew }: FactorsParts): Client['factors'] {
  return {
    list: async () =>
      (await withToken((accessToken) => api.call('listFactors', { accessToken }))).factors,
    rename: (id, name) =>
      withToken((accessToken) => api.call('renameFactor', { accessToken, id, body: { name } })),
    remove: async (id) => {
      await renew((accessToken) => api.call('removeFactor', { accessToken, id }))
    },
    beginTotp: (mfaToken) =>
      mfaToken === undefined
        ? withToken((accessToken) => api.call('beginTotpEnrollment', { accessToken }))
        : api.call('beginTotpEnrollment', { body: { mfaToken } }),
    confirmTotp: async (body) => {
      const confirm = (accessToken?: string) =>
        api.call('confirmTotpEnrollment', { accessToken, body })
      if (body.mfaToken === undefined) return (await renew(confirm)).factor
      const added: Factor[] = []
      await open(async () => {
        const answer = await confirm()
        added.push(answer.factor)
        // With an mfaToken the answer is that of the log-in which it completes.
        return answer as TokenAnswer
      })
      return added[0] as Factor
    },
    makeRecoveryCodes: async () =>
      (await renew((accessToken) => api.call('makeRecoveryCodes', { accessToken }))).recoveryCodes,
    addEmail: async () =>
      (await renew((accessToken) => api.call('addEmailFactor', { accessToken }))).factor,
    sendEmailCode: async (mfaToken) => {
      await api.call('sendSecondFactorCode', { body: { mfaToken } })
    },
  }
}
