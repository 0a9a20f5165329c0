import type { Profile } from './contract.generated.ts'

/** What a signed-in client holds, in memory alone. */
export interface Tokens {
  readonly accessToken: string
  /** By this machine's clock, in milliseconds. */
  readonly expiresAt: number
  readonly lifeMs: number
  /** Missing with delivery `body`. */
  readonly csrfToken: string
  readonly user: Profile
}

/** A token this close to its end is not sent any more: it could expire on its way. */
const reserveMs = 5_000

/** @param staleToken one that a server has just refused, whatever the clock says */
export function isUsable(tokens: Tokens | undefined, staleToken?: string): tokens is Tokens {
  if (tokens === undefined || tokens.accessToken === staleToken) return false
  const left = tokens.expiresAt - Date.now()
  // More than its whole life is left: the clock was set back, and nothing is known.
  return left > Math.min(reserveMs, tokens.lifeMs / 4) && left <= tokens.lifeMs + reserveMs
}

export function isSameUser(tokens: Tokens, others: Tokens | undefined): boolean {
  return tokens.user.id === others?.user.id
}

/** When to refresh ahead of the end: a minute before, or a fifth of the life with short ones. */
export function refreshAt({ expiresAt, lifeMs }: Tokens): number {
  return expiresAt - Math.min(60_000, lifeMs / 5)
}
