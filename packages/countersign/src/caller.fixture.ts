// A client of the running program, for tests that call it by the dozen.

import assert from 'node:assert/strict'

export interface Reply {
  readonly status: number
  readonly code: string | undefined
  readonly token: string
  readonly refreshToken: string
  readonly user: { readonly id: string; readonly username: string; readonly role: string }
}

export interface Call {
  readonly method?: string
  readonly body?: object
  readonly token?: string
}

/** Limits that a test which calls by the dozen does not meet. */
export const generousLimits: Readonly<Record<string, string>> = {
  RATE_LIMIT_ANONYMOUS: '1000000/1m',
  RATE_LIMIT_USER: '1000000/1m',
  RATE_LIMIT_LOGIN: '1000000/1m',
  RATE_LIMIT_ACCOUNT: '1000000/1m',
  RATE_LIMIT_REGISTER: '1000000/1m',
}

export async function call(url: string, path: string, parts: Call = {}): Promise<Reply> {
  const { body, token, method = body ? 'POST' : 'GET' } = parts
  const response = await fetch(url + path, {
    method,
    headers: {
      ...(body && { 'content-type': 'application/json' }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    body: body ? JSON.stringify(body) : null,
  })
  const text = await response.text()
  return { ...(text === '' ? {} : JSON.parse(text)), status: response.status }
}

/** Calls again while the program says that it is busy hashing, as its 503 asks for. */
export async function callPatiently(url: string, path: string, parts: Call): Promise<Reply> {
  let reply = await call(url, path, parts)
  await until(async () => {
    if (reply.code !== 'busy') return true
    reply = await call(url, path, parts)
    return false
  })
  return reply
}

export function refresh(url: string, refreshToken: string): Promise<Reply> {
  return call(url, '/api/auth/refresh', { body: { refreshToken } })
}

export async function register(url: string, username: string, password: string): Promise<void> {
  const reply = await callPatiently(url, '/api/auth/register', { body: { username, password } })
  assert.equal(reply.status, 201)
}

export function logIn(url: string, username: string, password: string): Promise<Reply> {
  const body = { username, password, delivery: 'body' }
  return callPatiently(url, '/api/auth/login', { body })
}

/** Looks again until it is so; what does not come in two minutes never will. */
export async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  const end = performance.now() + 120_000
  while (!(await condition())) {
    assert.ok(performance.now() < end, 'It never came')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
