import type { Api } from './api.ts'
import type { Client } from './client.ts'
import type { Operations, Profile } from './contract.generated.ts'

interface MailParts {
  readonly api: Api
  readonly delivery: 'cookie' | 'body'
  readonly withToken: <T>(call: (accessToken: string | undefined) => Promise<T>) => Promise<T>
  readonly open: (ask: () => Promise<Operations['login']['answer']>) => Promise<Profile>
}

/** What goes through a mailbox. */
export function createMail({ api, delivery, withToken, open }: MailParts): Client['mail'] {
  return {
    forgotPassword: async (email) => void (await api.call('forgotPassword', { body: { email } })),
    resetPassword: (body) => api.call('resetPassword', { body }),
    verify: (body) => api.call('verifyEmail', { body }),
    changeAddress: async (email) => {
      await withToken((accessToken) =>
        api.call('requestEmailChange', { accessToken, body: { email } }),
      )
    },
    confirmAddress: (token) => api.call('confirmEmailChange', { body: { token } }),
    requestCode: async (email) =>
      (await api.call('requestSignInCode', { body: { email } })).challenge,
    loginWithCode: (code) =>
      open(() => api.call('signInWithCode', { body: { ...code, delivery } })),
    loginWithLink: (token) => open(() => api.call('signInWithLink', { body: { token, delivery } })),
  }
}
