// Who is logged in on this page. The access token lives in memory alone; the refresh token is in an httpOnly cookie that
// no script can read, so after a reload the session is taken up again by a refresh.

import { hostPath } from './mount.js'

/** @import { User } from './types.ts' */

const mark = 'countersign-session'
const earlyMs = 5_000

export class CallFailed extends Error {}

export class Session extends EventTarget {
  /** @type {string | undefined} */
  token
  /** @type {string | undefined} */
  csrfToken
  /** With `delivery: "body"` only. @type {string | undefined} */
  refreshToken
  /** @type {User | undefined} */
  user
  /** When the access token ends, in milliseconds since 1970. */
  expiresAt = 0
  /** @type {Promise<void> | undefined} */
  #refreshing

  get isLoggedIn() {
    return this.token !== undefined
  }

  /** @param {number} now */
  secondsLeft(now) {
    return Math.max(0, Math.round((this.expiresAt - now) / 1000))
  }

  /**
   * @param {string} username
   * @param {string} password
   */
  async register(username, password) {
    await this.#send('POST', '/api/auth/register', { username, password })
    await this.logIn(username, password)
  }

  /**
   * @param {string} username
   * @param {string} password
   */
  async logIn(username, password) {
    this.absorb(await this.#send('POST', '/api/auth/login', { username, password }))
  }

  /** A fresh access token. Calls that need one at the same time share one refresh. */
  refresh() {
    this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = undefined))
    return this.#refreshing
  }

  async #refresh() {
    const { refreshToken } = this
    this.absorb(
      await this.#send('POST', '/api/auth/refresh', refreshToken ? { refreshToken } : undefined),
    )
  }

  /** Refreshes when the access token has ended or is about to. @returns whether it did */
  async renew() {
    if (!this.isLoggedIn || this.expiresAt - Date.now() > earlyMs) return false
    await this.refresh()
    return true
  }

  /** Takes the session up again after a reload. */
  async resume() {
    if (localStorage.getItem(mark) === null) return
    try {
      const { csrfToken } = await this.#send('GET', '/api/auth/csrf')
      this.csrfToken = csrfToken
      await this.refresh()
    } catch {
      this.forget()
    }
  }

  async logOut() {
    const { refreshToken } = this
    await this.#send('POST', '/api/auth/logout', refreshToken ? { refreshToken } : undefined)
    this.forget()
  }

  async logOutEverywhere() {
    await this.renew()
    await this.#send('POST', '/api/auth/logout-all')
    this.forget()
  }

  /**
   * Takes what an answer brings: tokens after a log-in, a refresh or a password change, a new name after a change of it.
   *
   * @param {any} answer
   */
  absorb(answer) {
    if (typeof answer?.accessToken === 'string') {
      this.token = answer.accessToken
      this.expiresAt = Date.now() + Number(answer.expiresIn) * 1000
      if (answer.user) {
        this.user = answer.user
        this.csrfToken = answer.csrfToken
        this.refreshToken = answer.refreshToken
      }
      if (this.refreshToken === undefined) localStorage.setItem(mark, '1')
      this.#tell()
    } else if (this.user && answer?.id === this.user.id && answer.username) {
      this.user = answer
      this.#tell()
    }
  }

  forget() {
    this.token = this.csrfToken = this.refreshToken = this.user = undefined
    this.expiresAt = 0
    localStorage.removeItem(mark)
    this.#tell()
  }

  #tell() {
    this.dispatchEvent(new Event('change'))
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {object} [body]
   * @returns {Promise<any>}
   */
  async #send(method, path, body) {
    const response = await fetch(hostPath(path), {
      method,
      headers: {
        ...(body && { 'content-type': 'application/json' }),
        ...(this.csrfToken && { 'x-csrf-token': this.csrfToken }),
        ...(path === '/api/auth/logout-all' && { authorization: `Bearer ${this.token}` }),
      },
      ...(body && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const answer = text === '' ? undefined : JSON.parse(text)
    if (response.ok) return answer
    const details = (answer?.errors ?? []).map((/** @type {any} */ error) => error.message)
    throw new CallFailed([answer?.message ?? response.statusText, ...details].join('. '))
  }
}
