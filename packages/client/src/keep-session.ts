// The one way to fresh tokens. Of all tabs one refreshes; the others take over what it got.

import type { Api } from './api.ts'
import type { TokenAnswer } from './contract.generated.ts'
import { CountersignError, isSessionOver } from './countersign-error.ts'
import { type Lock, pause } from './lock.ts'
import type { RefreshTokenStore } from './refresh-token-store.ts'
import type { SessionState } from './session-state.ts'
import type { Tabs } from './tabs.ts'
import { isUsable, type Tokens } from './tokens.ts'

export interface KeeperParts {
  readonly api: Api
  readonly lock: Lock
  readonly tabs: Tabs
  readonly session: SessionState
  /** Undefined with delivery `cookie`. */
  readonly store: RefreshTokenStore | undefined
}

// A lost answer is asked for again with the same refresh token, which is safe at any time.
const tries = 3
const longestPauseMs = 5_000

export class SessionKeeper {
  readonly #parts: KeeperParts
  #refreshing: Promise<Tokens | undefined> | undefined

  constructor(parts: KeeperParts) {
    this.#parts = parts
  }

  /**
   * Tokens that a server will accept now; undefined when nobody is signed in.
   * @param staleToken an access token that was refused
   * @throws CountersignError when the server cannot be reached
   */
  async fresh(staleToken?: string): Promise<Tokens | undefined> {
    const { tokens, user } = this.#parts.session
    if (isUsable(tokens, staleToken)) return tokens
    if (user === null) return undefined
    const renewed = await this.refresh(staleToken)
    // The refresh that was running already may have brought the very token that was refused since.
    const isStale = renewed !== undefined && renewed.accessToken === staleToken
    return isStale ? this.refresh(staleToken) : renewed
  }

  /** As `fresh`, also ahead of the end. Calls at the same time share one refresh. */
  refresh(refused?: string): Promise<Tokens | undefined> {
    const staleToken = refused ?? this.#parts.session.tokens?.accessToken
    this.#refreshing ??= this.#parts
      .lock((hasWaited) => this.#refreshInTurn(staleToken, hasWaited))
      .finally(() => {
        this.#refreshing = undefined
      })
    return this.#refreshing
  }

  /** Takes over a token answer and tells the other tabs. */
  adopt(answer: TokenAnswer, askedAt: number, signedIn: boolean): Tokens {
    const { session, tabs, store } = this.#parts
    checkAnswer(answer)
    const { accessToken, csrfToken, user, expiresIn, refreshToken } = answer
    const lifeMs = expiresIn * 1000
    const tokens = { accessToken, csrfToken, user, lifeMs, expiresAt: askedAt + lifeMs }
    if (refreshToken !== undefined) store?.set(refreshToken)
    session.adopt(tokens, signedIn)
    tabs.share(tokens, signedIn)
    return tokens
  }

  signOut(reason: 'signed_out' | 'ended'): void {
    const { session, tabs, store } = this.#parts
    store?.set(undefined)
    session.clear(reason)
    tabs.tellSignedOut(reason)
  }

  /** A call with the cookie and the CSRF token of its session, which is asked for where none is known. */
  async withCsrfToken<T>(call: (csrfToken: string) => Promise<T>): Promise<T> {
    const { api, session } = this.#parts
    const known = session.tokens?.csrfToken
    try {
      if (known) return await call(known)
    } catch (error) {
      // The cookie is another session's by now: somebody logged in elsewhere.
      if (!(error instanceof CountersignError) || error.code !== 'invalid_csrf_token') throw error
    }
    return call((await api.call('csrf')).csrfToken)
  }

  async #refreshInTurn(
    staleToken: string | undefined,
    hasWaited: boolean,
  ): Promise<Tokens | undefined> {
    const { session, tabs } = this.#parts
    // Another tab may have been quicker while this one waited for its turn.
    if (isUsable(session.tokens, staleToken)) return session.tokens
    const theirs = await tabs.ask(staleToken, hasWaited)
    if (theirs !== undefined) return theirs
    try {
      return await this.#askServer()
    } catch (error) {
      if (!isSessionOver(error)) throw error
      this.signOut('ended')
      return undefined
    }
  }

  async #askServer(): Promise<Tokens | undefined> {
    for (let attempt = 1; ; attempt++) {
      try {
        const askedAt = Date.now()
        return this.adopt(await this.#callRefresh(), askedAt, false)
      } catch (error) {
        if (!(error instanceof CountersignError)) throw error
        if (attempt >= tries || !isPassing(error)) throw error
        await pause(pauseBefore(attempt, error))
      }
    }
  }

  #callRefresh(): Promise<TokenAnswer> {
    const { api, store } = this.#parts
    if (store === undefined) {
      return this.withCsrfToken((csrfToken) => api.call('refresh', { csrfToken }))
    }
    const refreshToken = store.get()
    return api.call('refresh', { body: refreshToken === undefined ? {} : { refreshToken } })
  }
}

/** What is not the server's answer must not take the place of what it said before. */
function checkAnswer(answer: TokenAnswer | null | undefined): void {
  const { accessToken, expiresIn, user } = answer ?? {}
  if (typeof accessToken === 'string' && accessToken !== '' && user?.id) {
    if (typeof expiresIn === 'number' && expiresIn >= 0) return
  }
  throw new CountersignError("The answer is not Countersign's", { code: 'network', status: 200 })
}

function isPassing({ code, status }: CountersignError): boolean {
  return code === 'network' || status === 429 || status >= 500
}

function pauseBefore(attempt: number, { retryAfterSeconds }: CountersignError): number {
  const wanted = (retryAfterSeconds ?? 0) * 1000 || 250 * 2 ** attempt * (0.5 + Math.random())
  return Math.min(longestPauseMs, wanted)
}
