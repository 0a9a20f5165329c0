import { createApi } from './api.ts'
import { createAuthorizedFetch } from './authorized-fetch.ts'
import type { Client, ClientOptions } from './client.ts'
import type { AccessAnswer, Operations, Profile } from './contract.generated.ts'
import { CountersignError, isSessionOver } from './countersign-error.ts'
import { createFactors, type Renew } from './factors.ts'
import { SessionKeeper } from './keep-session.ts'
import { createLock, createQueue, type Lock } from './lock.ts'
import { createMail } from './mail.ts'
import { createPasskeys } from './passkeys.ts'
import { refreshAhead } from './refresh-ahead.ts'
import { createRefreshTokenStore } from './refresh-token-store.ts'
import { SessionState } from './session-state.ts'
import { createTabs } from './tabs.ts'
import { isSameUser, type Tokens } from './tokens.ts'

/**
 * Makes a client. It calls nobody until it is asked to: `await client.ready()` takes up the session of an earlier visit.
 *
 * @throws TypeError when no URL is given where there is no page, or it is none
 */
export function createClient(options: ClientOptions = {}): Client {
  const page = typeof location === 'undefined' ? undefined : location.origin
  const url = readUrl(options.url ?? page)
  const delivery = options.delivery ?? (page === undefined ? 'body' : 'cookie')
  const isCookie = delivery === 'cookie'
  const fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init))
  const storage = isCookie ? openStorage() : undefined
  const name = `countersign ${url}`
  const store = isCookie
    ? undefined
    : createRefreshTokenStore(options.refreshToken, options.onRefreshToken)

  const session = new SessionState()
  const api = createApi({ url, fetch, credentials: isCookie ? 'include' : 'omit' })
  const tabs = createTabs({
    name,
    storage,
    current: () => session.tokens,
    onTokens: (tokens, signedIn) => session.adopt(tokens, signedIn),
    onSignedOut: (reason) => session.clear(reason),
  })
  const lock = isCookie ? createLock(name, storage, globalThis.navigator?.locks) : createQueue()
  const keeper = new SessionKeeper({ api, lock, tabs, session, store })
  const stopRefreshing = refreshAhead(session, keeper)
  const named = (options.origins ?? []).map(readOrigin)
  const origins = new Set([url, ...(page === undefined ? [] : [page]), ...named])

  const open: Open = (ask) => logIn({ keeper, lock }, ask)
  const authorized: WithToken = (call) => withToken(keeper, (tokens) => call(tokens?.accessToken))
  const renewing: Renew = (call) => renew({ keeper, session }, call)
  const parts = { api, delivery, open, withToken: authorized, renew: renewing }
  return {
    get user() {
      return session.user
    },
    ready: async () => (await keeper.fresh())?.user ?? null,
    register: async (account) => (await api.call('register', { body: account })).user,
    login: (credentials) => open(() => api.call('login', { body: { ...credentials, delivery } })),
    proveSecondFactor: (proof) => open(() => api.call('proveSecondFactor', { body: proof })),
    stepUp: ({ password }) =>
      authorized((accessToken) =>
        open(() => api.call('stepUp', { accessToken, body: { password, delivery } })),
      ),
    factors: createFactors(parts),
    mail: createMail(parts),
    passkeys: createPasskeys(parts),
    logout: () => logOut({ api, keeper, lock, store }),
    logoutAll: async () => {
      await authorized((accessToken) => api.call('logoutAll', { accessToken }))
      // In turn: what a refresh brings that is still under way is dead, too.
      await lock(async () => keeper.signOut('signed_out'))
    },
    changePassword: async ({ currentPassword, newPassword }) => {
      const body = { currentPassword, newPassword }
      await renewing((accessToken) => api.call('changePassword', { accessToken, body }))
    },
    sessions: {
      list: async () =>
        (await authorized((accessToken) => api.call('listSessions', { accessToken }))).sessions,
      end: (id) => authorized((accessToken) => api.call('endSession', { accessToken, id })),
    },
    onChange: (listener) => session.onChange(listener),
    fetch: createAuthorizedFetch({ keeper, fetch, base: url, origins }),
    accessToken: async () => (await keeper.fresh())?.accessToken,
    close: () => {
      stopRefreshing()
      tabs.close()
    },
  }
}

interface Parts {
  readonly api: ReturnType<typeof createApi>
  readonly keeper: SessionKeeper
  readonly lock: Lock
}

type WithToken = <T>(call: (accessToken: string | undefined) => Promise<T>) => Promise<T>
type Open = (ask: () => Promise<Operations['login']['answer']>) => Promise<Profile>

/** Takes the session that the answer holds. */
function logIn({ keeper, lock }: Omit<Parts, 'api'>, ask: Parameters<Open>[0]): Promise<Profile> {
  // In turn with refreshes: one that ran beside it would end in a cookie that belongs to neither.
  return lock(async () => {
    const askedAt = Date.now()
    return keeper.adopt(await ask(), askedAt, true).user
  })
}

function logOut({
  api,
  keeper,
  lock,
  store,
}: Parts & { readonly store: { get(): string | undefined } | undefined }): Promise<void> {
  return lock(async () => {
    const refreshToken = store?.get()
    try {
      if (store === undefined) {
        await keeper.withCsrfToken((csrfToken) => api.call('logout', { csrfToken }))
      } else if (refreshToken !== undefined) await api.call('logout', { body: { refreshToken } })
    } catch (error) {
      // There is no session to end.
      if (!isSessionOver(error)) throw error
    }
    keeper.signOut('signed_out')
  })
}

/** For what ends every other session: every earlier access token is dead, and this one goes on with the same session. */
function renew<Answer extends AccessAnswer>(
  { keeper, session }: { readonly keeper: SessionKeeper; readonly session: SessionState },
  call: (accessToken: string | undefined) => Promise<Answer>,
): Promise<Answer> {
  return withToken(keeper, async (before) => {
    const askedAt = Date.now()
    const answer = await call(before?.accessToken)
    const { token, accessToken, tokenType, expiresIn } = answer
    const { tokens } = session
    if (tokens && isSameUser(tokens, before)) {
      keeper.adopt({ ...tokens, token, accessToken, tokenType, expiresIn }, askedAt, false)
    }
    return answer
  })
}

/** Calls with a fresh token, and once more after a refresh when the server refused it. */
async function withToken<T>(
  keeper: SessionKeeper,
  call: (tokens: Tokens | undefined) => Promise<T>,
): Promise<T> {
  const tokens = await keeper.fresh()
  try {
    return await call(tokens)
  } catch (error) {
    if (!(error instanceof CountersignError) || error.code !== 'invalid_token') throw error
    const renewed = await keeper.fresh(tokens?.accessToken)
    // What one user asked for is not to be done as another, who signed in meanwhile.
    if (renewed === undefined || !isSameUser(renewed, tokens)) throw error
    return call(renewed)
  }
}

function readUrl(url: string | undefined): string {
  if (url === undefined) {
    throw new TypeError('Set "url" to where Countersign is: there is no page to take it from.')
  }
  if (!URL.canParse(url) || new URL(url).origin === 'null') {
    throw new TypeError(`Set "url" to an origin such as https://auth.example.com, not "${url}".`)
  }
  return new URL(url).origin
}

// One that matches nothing would keep the token back without a word, and a path would promise more than is kept.
function readOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url && url.origin !== 'null' && url.href === `${url.origin}/` && !url.host.includes('*')) {
    return url.origin
  }
  throw new TypeError(`Set "origins" to origins such as https://api.example.com, not "${text}".`)
}

// Browsers throw on the very access when a page may not store anything.
function openStorage(): Storage | undefined {
  try {
    return globalThis.localStorage
  } catch {
    return undefined
  }
}
