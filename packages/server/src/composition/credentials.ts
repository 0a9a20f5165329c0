import type { CredentialParts } from '../credentials/token-answer.ts'
import { createAccessTokenIssuer } from '../tokens/issue-access-token.ts'
import type { Base } from './base.ts'
import type { State } from './state.ts'

/** What clients hold, and for how long. */
export function buildCredentials(base: Base, { keyring }: Pick<State, 'keyring'>): CredentialParts {
  const { settings, clock, randomness, secrets, claims } = base
  const https = settings.publicUrl.startsWith('https:')
  return {
    secrets,
    clock,
    lives: {
      idleMs: settings.sessionIdleSeconds * 1000,
      maxMs: settings.sessionMaxSeconds * 1000,
      windowMs: settings.refreshWindowSeconds * 1000,
    },
    cookie: { name: https ? '__Host-refreshToken' : 'refreshToken', secure: https },
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
