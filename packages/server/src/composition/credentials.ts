import type { CredentialParts } from '../credentials/token-answer.ts'
import type { Settings } from '../config/settings.ts'
import type { CookieAttributes } from '../http/cookies.ts'
import { createAccessTokenIssuer } from '../tokens/issue-access-token.ts'
import type { Base } from './base.ts'
import type { State } from './state.ts'

/** What clients hold, and for how long. */
export function buildCredentials(base: Base, { keyring }: Pick<State, 'keyring'>): CredentialParts {
  const { settings, clock, randomness, secrets, claims } = base
  return {
    secrets,
    clock,
    lives: {
      idleMs: settings.sessionIdleSeconds * 1000,
      maxMs: settings.sessionMaxSeconds * 1000,
      windowMs: settings.refreshWindowSeconds * 1000,
    },
    cookie: cookieOf(settings, 'refreshToken'),
    issuer: createAccessTokenIssuer({
      ...settings,
      keyring,
      clock,
      randomness,
      tutorialClaims: settings.jwtSecret !== undefined,
      claims,
    }),
  }
}

/** `__Host-` over https: a browser then takes it from this host alone. */
export function cookieOf({ publicUrl }: Settings, name: string): CookieAttributes {
  const secure = publicUrl.startsWith('https:')
  return { name: secure ? `__Host-${name}` : name, secure }
}
