// Tokens: access tokens, which any service verifies by itself. This folder owns what stands in them and how they are
// signed. It knows no HTTP and keeps nothing: sessions/ and accounts/ decide who gets one.

import { parseStrictJson } from '@countersign/verify/strict-json'
import type { Account } from '../accounts/account.ts'
import { type Profile, toProfile } from '../accounts/profile.ts'
import { type Clock, toNumericDate } from '../foundation/clock.ts'
import type { Randomness } from '../foundation/randomness.ts'
import type { Keyring } from '../keys/keyring.ts'
import { toAcr } from '../sessions/authentication-context.ts'
import { signCompact } from './sign-compact.ts'

export interface AccessTokenSubject {
  readonly account: Account
  readonly session: {
    readonly id: string
    readonly expiresAt: number
    readonly amr: readonly string[]
    readonly authenticatedAt: number
  }
}

/** Whom a token is for, as a hook may see it: never the row, whose password hash must not end up in a token. */
export interface ClaimsSubject {
  readonly account: Profile
  readonly session: { readonly id: string }
}

/** More claims for a token, by the host's hook. Asked for every token, at log-in and at each refresh. */
export type ClaimsHook = (
  subject: ClaimsSubject,
) => Record<string, unknown> | Promise<Record<string, unknown>>

export interface AccessTokenIssuer {
  /**
   * A signed token for this account and session; its life is cut to the session's.
   * @throws when the claims hook returns a reserved name, no plain object, too much, or what verifiers refuse to read, or
   * takes longer than 5 seconds
   */
  issue(subject: AccessTokenSubject): Promise<{ token: string; expiresIn: number }>
}

export interface AccessTokenIssuerOptions {
  readonly keyring: Pick<Keyring, 'signingKey'>
  readonly issuer: string
  readonly audience: string
  readonly clientId: string
  readonly accessTokenTtlSeconds: number
  /** Adds `userId`, `username` and `role`, which services written by the tutorial read. */
  readonly tutorialClaims: boolean
  readonly claims?: ClaimsHook | undefined
  readonly clock: Clock
  readonly randomness: Randomness
}

const tokenLimit = 8192
const claimsPatienceMs = 5_000

/** Names that a claims hook may not use: they are ours, or registered with a meaning that grants something. */
export const reservedClaims: ReadonlySet<string> = new Set([
  'iss',
  'sub',
  'aud',
  'exp',
  'nbf',
  'iat',
  'jti',
  'client_id',
  'sid',
  'epoch',
  'roles',
  'role',
  'userId',
  'username',
  'scope',
  'cnf',
  'act',
  'may_act',
  'acr',
  'amr',
  'auth_time',
  '__proto__',
  // No claim, but what JSON would ask in place of all of them.
  'toJSON',
])

export function createAccessTokenIssuer(options: AccessTokenIssuerOptions): AccessTokenIssuer {
  const { issuer, audience, clientId, clock } = options

  return {
    issue: async (subject) => {
      const { account, session } = subject
      const extra = options.claims ? await askForClaims(options.claims, subject) : undefined
      const iat = toNumericDate(clock())
      const exp = Math.min(iat + options.accessTokenTtlSeconds, toNumericDate(session.expiresAt))
      const payload = {
        iss: issuer,
        sub: account.id,
        aud: audience,
        exp,
        iat,
        jti: options.randomness(16).toString('base64url'),
        client_id: clientId,
        sid: session.id,
        epoch: account.tokenEpoch,
        roles: [account.role],
        acr: toAcr(session.amr),
        amr: session.amr,
        auth_time: toNumericDate(session.authenticatedAt),
        ...(options.tutorialClaims && {
          userId: account.id,
          username: account.username,
          role: account.role,
        }),
        ...extra,
      }
      const token = signCompact('at+jwt', payload, options.keyring.signingKey())
      if (token.length > tokenLimit) {
        throw new Error(
          `The claims hook makes tokens of ${token.length} characters; 8,192 is the limit.`,
        )
      }
      return { token, expiresIn: Math.max(0, exp - iat) }
    },
  }
}

/** A hook that hangs would hang every log-in and refresh with it. */
async function askForClaims(hook: ClaimsHook, subject: AccessTokenSubject): Promise<object> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    reject(new Error('The claims hook took longer than 5 seconds.'))
  }, claimsPatienceMs)
  try {
    return checkExtraClaims(await Promise.race([hook(toClaimsSubject(subject)), late]))
  } finally {
    clearTimeout(timer)
  }
}

function checkExtraClaims(extra: unknown): object {
  if (!isPlainObject(extra)) throw new Error('The claims hook must return a plain object.')
  for (const name of Object.keys(extra)) {
    if (reservedClaims.has(name)) {
      throw new Error(`The claims hook returned "${name}", which is reserved: use another name.`)
    }
  }
  // Whoever gets a token that no verifier reads is locked out, and nobody is told why.
  const parsed = parseStrictJson(JSON.stringify(extra))
  if (parsed.ok && isPlainObject(parsed.value)) return parsed.value
  const reason = parsed.ok ? 'malformed' : parsed.reason
  throw new Error(`The claims hook returned what no verifier would read (${reason}).`)
}

function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function toClaimsSubject({ account, session }: AccessTokenSubject): ClaimsSubject {
  return { account: toProfile(account), session: { id: session.id } }
}
