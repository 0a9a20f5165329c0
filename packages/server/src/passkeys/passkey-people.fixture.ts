import assert from 'node:assert/strict'
import type { TestAnswer, TestServer } from '../countersign.fixture.ts'
import type { SoftAuthenticator, Twist } from './authenticator.fixture.ts'

export interface PasskeyCalls {
  /** Begins and ends a registration. The key stays in the authenticator, whatever the answer is. */
  readonly register: (
    token: string,
    authenticator: SoftAuthenticator,
    twist?: Twist,
  ) => Promise<TestAnswer>
  readonly creationOptions: (token: string) => Promise<Record<string, unknown>>
  readonly signInOptions: () => Promise<Record<string, unknown>>
  readonly signIn: (authenticator: SoftAuthenticator, twist?: Twist) => Promise<TestAnswer>
  readonly send: (response: unknown) => Promise<TestAnswer>
  /** A new account, logged in, with a passkey in this authenticator. */
  readonly person: (username: string, authenticator: SoftAuthenticator) => Promise<PasskeyPerson>
}

export interface PasskeyPerson {
  readonly userId: string
  readonly username: string
  readonly accessToken: string
}

export function createPasskeyCalls(
  server: Pick<TestServer, 'call' | 'open' | 'signIn'>,
): PasskeyCalls {
  const { call } = server
  const ask = async (route: string, token?: string) => {
    const { status, body } = await call(route, { token })
    assert.equal(status, 200, JSON.stringify(body))
    return body
  }
  const creationOptions = (token: string) => ask('POST /api/auth/passkeys/register/options', token)
  const signInOptions = () => ask('POST /api/auth/passkeys/login/options')
  const send = (response: unknown) =>
    call('POST /api/auth/passkeys/login', { body: { response, delivery: 'body' } })
  const register = async (token: string, authenticator: SoftAuthenticator, twist?: Twist) => {
    const response = authenticator.create(await creationOptions(token), twist)
    return call('POST /api/auth/passkeys/register', { token, body: { response, name: 'Phone' } })
  }
  return {
    creationOptions,
    signInOptions,
    send,
    register,
    signIn: async (authenticator, twist) => send(authenticator.get(await signInOptions(), twist)),
    person: async (username, authenticator) => {
      const userId = await server.open(username)
      const { accessToken } = await server.signIn(username)
      const { status, body } = await register(accessToken, authenticator)
      assert.equal(status, 200, JSON.stringify(body))
      // The token that asked is dead, and has a successor.
      return { userId, username, accessToken: String(body['accessToken']) }
    },
  }
}
