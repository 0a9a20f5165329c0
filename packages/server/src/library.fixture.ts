// The library in a host of the test's own: opened in memory, mounted on a real socket, called over HTTP.

import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import type { CountersignOptions } from './config/options.ts'
import { type Countersign, createCountersign } from './create-countersign.ts'
import type { Hooks } from './library/hooks.ts'

export const password = 'a long enough phrase 7'

/** One Countersign in memory, closed after the test. */
export async function openLibrary(
  t: TestContext,
  options: CountersignOptions & Hooks = {},
): Promise<Countersign> {
  const auth = await createCountersign({ databaseUrl: 'sqlite::memory:', ...options })
  t.after(() => auth.close())
  return auth
}

export interface Site {
  readonly url: string
  /** Sends JSON when there is a body; the cookies of earlier answers come along. */
  call(method: string, path: string, more?: CallOptions): Promise<SiteAnswer>
}

export interface CallOptions {
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export interface SiteAnswer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The text as JSON; members that are not there fail the assertion that reads them. */
  // oxlint-disable-next-line typescript/no-explicit-any -- a test names what it expects of an answer
  json(): any
}

/** Serves a host on a free port of the loopback interface until the test is over. */
export async function serveSite(t: TestContext, listener: RequestListener): Promise<Site> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return createSite(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, fetch)
}

/** @param send fetch, or what stands in for it in process */
export function createSite(
  url: string,
  send: (url: string, init: RequestInit) => Promise<Response>,
): Site {
  const cookies = new Map<string, string>()
  return {
    url,
    call: async (method, path, { body, headers = {} } = {}) => {
      const response = await send(url + path, {
        method,
        headers: {
          ...(cookies.size > 0 && {
            cookie: [...cookies].map((pair) => pair.join('=')).join('; '),
          }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      })
      for (const line of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
        cookies.set(name, value)
      }
      const text = await response.text()
      const { status } = response
      return { status, headers: response.headers, text, json: () => JSON.parse(text) }
    },
  }
}

export interface Tokens {
  readonly token: string
  readonly csrfToken: string
}

/** Makes an account and logs it in, over HTTP. `prefix` is where the host mounted the routes. */
export async function signUp(site: Site, username: string, prefix = '/api'): Promise<Tokens> {
  const body = { username, password }
  const registered = await site.call('POST', `${prefix}/auth/register`, { body })
  if (registered.status !== 201) throw new Error(registered.text)
  return logIn(site, username, prefix)
}

export async function logIn(site: Site, username: string, prefix = '/api'): Promise<Tokens> {
  const body = { username, password }
  const answer = await site.call('POST', `${prefix}/auth/login`, { body })
  if (answer.status !== 200) throw new Error(answer.text)
  // However it is mounted, each cookie has a line of its own.
  const names = answer.headers.getSetCookie().map((line) => line.split('=', 1)[0])
  if (names.join() !== 'refreshToken,device') throw new Error(`Cookies: ${names.join()}`)
  return answer.json()
}

export function bearer(token: string): { readonly headers: { readonly authorization: string } } {
  return { headers: { authorization: `Bearer ${token}` } }
}
