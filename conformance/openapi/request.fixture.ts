import type { CallOptions } from '../client/call.fixture.ts'
import type { LoggedIn } from '../client/people.fixture.ts'
import { newName, newPassword } from '../targets/target.fixture.ts'
import { formType, type Operation } from './document.fixture.ts'

/** A request that the operation accepts from whoever may call it. */
export interface SampleRequest extends CallOptions {
  readonly path: string
  readonly method: string
  readonly json?: Readonly<Record<string, unknown>>
}

/**
 * @param who presents credentials: the access token, and the refresh token where the operation reads one
 * @param object whom the path names
 */
export function sampleRequest(
  operation: Operation,
  who: LoggedIn | undefined,
  object: LoggedIn,
): SampleRequest {
  const { method, path, body, readsCookie } = operation
  return {
    method,
    path: path.replace(/\{(\w+)\}/g, () => objectOf(operation, object)),
    ...(body && { json: sampleBody(operation, who, object) }),
    ...(operation.isForm && { body: 'token=x', headers: { 'content-type': formType } }),
    ...(who && { token: who.token }),
    ...(who && readsCookie && { cookie: who.cookie, csrf: who.csrfToken }),
  }
}

function objectOf({ path }: Operation, object: LoggedIn): string {
  if (path.startsWith('/api/users/{id}')) return object.id
  if (path.startsWith('/api/auth/sessions/{id}')) return object.sessionId
  if (path.startsWith('/api/auth/mfa/factors/{id}')) return 'none'
  if (path.startsWith('/account/{page}')) return 'reset-password'
  throw new Error(`Teach the suite what the parameter of ${path} names.`)
}

function sampleBody(
  { id, body }: Operation,
  who: LoggedIn | undefined,
  object: LoggedIn,
): Readonly<Record<string, unknown>> {
  const self = who ?? object
  const samples: Readonly<Record<string, unknown>> = {
    username: id === 'login' ? self.username : newName(),
    password: id === 'login' || id === 'stepUp' ? self.password : newPassword(),
    currentPassword: self.password,
    newPassword: newPassword(),
    email: 'ada@example.org',
    role: 'user',
    disabled: false,
    delivery: 'cookie',
    mfaToken: 'x',
    token: 'x',
    challenge: 'x',
    factor: 'totp',
    code: '000000',
    name: 'Phone',
    response: passkeyAnswer,
    refreshToken: who?.refreshToken ?? '',
  }
  const names = Object.keys(body?.properties ?? {})
  const unknown = names.filter((name) => !(name in samples))
  if (unknown.length > 0) throw new Error(`Teach the suite a value for ${unknown.join(', ')}.`)
  return Object.fromEntries(names.map((name) => [name, samples[name]]))
}

/** Of the shape of a registration and of a log-in at once; it answers nothing that anybody asked. */
const passkeyAnswer = {
  id: 'AAAA',
  rawId: 'AAAA',
  type: 'public-key',
  response: {
    clientDataJSON: 'e30',
    attestationObject: 'oA',
    authenticatorData: 'AAAA',
    signature: 'AAAA',
  },
}
