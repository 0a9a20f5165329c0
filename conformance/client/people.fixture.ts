import assert from 'node:assert/strict'
import { newName, newPassword, type Target } from '../targets/target.fixture.ts'
import { type Answer, call, type CallOptions, type JsonObject } from './call.fixture.ts'

export interface Person {
  readonly id: string
  readonly username: string
  readonly password: string
}

/** What somebody holds after a log-in. */
export interface Login {
  readonly token: string
  readonly csrfToken: string
  readonly refreshToken: string
  /** The same token as a browser would send it. */
  readonly cookie: string
  readonly sessionId: string
}

export interface LoggedIn extends Person, Login {}

export async function register(target: Target, wish: Partial<Person> = {}): Promise<Person> {
  const person = { username: newName(), password: newPassword(), ...wish }
  const { username, password } = person
  const answer = await call(target, '/api/auth/register', { json: { username, password } })
  assert.equal(answer.status, 201, answer.text)
  return { ...person, id: textOf((answer.json.user as JsonObject).id) }
}

export async function logIn(
  target: Target,
  person: Pick<Person, 'username' | 'password'>,
  options: CallOptions = {},
): Promise<Login> {
  const { username, password } = person
  const answer = await call(target, '/api/auth/login', { json: { username, password }, ...options })
  assert.equal(answer.status, 200, answer.text)
  return readLogin(answer)
}

/** A new user who has just logged in. */
export async function newcomer(target: Target): Promise<LoggedIn> {
  const person = await register(target)
  return { ...person, ...(await logIn(target, person)) }
}

const administrators = new WeakMap<Target, Promise<LoggedIn>>()

/** The first administrator, logged in once per target: tests that end a session end another's. */
export function administrator(target: Target): Promise<LoggedIn> {
  const known = administrators.get(target) ?? logInAdministrator(target)
  administrators.set(target, known)
  return known
}

async function logInAdministrator(target: Target): Promise<LoggedIn> {
  const login = await logIn(target, target.administrator)
  const profile = await call(target, '/api/users', { token: login.token })
  return { ...target.administrator, id: textOf(profile.json.id), ...login }
}

/** What a token answer that set a cookie carries. */
export function readLogin(answer: Answer): Login {
  const token = textOf(answer.json.token)
  const cookie = readCookie(answer).pair
  return {
    token,
    csrfToken: textOf(answer.json.csrfToken),
    cookie,
    refreshToken: cookie.slice(cookie.indexOf('=') + 1),
    sessionId: textOf(claimsOf(token).sid),
  }
}

export interface SetCookie {
  readonly pair: string
  readonly name: string
  readonly value: string
  /** In lower case, without the pair, sorted. */
  readonly attributes: readonly string[]
}

/** The one refresh cookie that the answer sets; a log-in sets the device's as well. */
export function readCookie(answer: Answer): SetCookie {
  const all = answer.headers['set-cookie'] ?? []
  const cookies = all.filter((line) => /^(?:__Host-)?refreshToken=/.test(line))
  assert.equal(cookies.length, 1, 'one refresh cookie is set')
  const [pair = '', ...attributes] = (cookies[0] ?? '').split(';').map((part) => part.trim())
  const equals = pair.indexOf('=')
  return {
    pair,
    name: pair.slice(0, equals),
    value: pair.slice(equals + 1),
    attributes: attributes.map((part) => part.toLowerCase()).sort(),
  }
}

export function refreshByBody(target: Target, refreshToken: string): Promise<Answer> {
  return call(target, '/api/auth/refresh', { json: { refreshToken } })
}

export function profileOf(target: Target, token: string): Promise<Answer> {
  return call(target, '/api/users', { token })
}

/** The payload of a JWT, unverified. */
export function claimsOf(token: string): JsonObject {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as JsonObject
}

export function headerOf(token: string): JsonObject {
  return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as JsonObject
}

export function textOf(value: unknown): string {
  assert.equal(typeof value, 'string')
  return value as string
}
