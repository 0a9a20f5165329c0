/** The refresh token of a client without cookies, in memory; whoever wants to keep it longer hears of each. */
export interface RefreshTokenStore {
  get(): string | undefined
  set(refreshToken: string | undefined): void
}

export function createRefreshTokenStore(
  first: string | undefined,
  onChange: ((refreshToken: string | undefined) => void) | undefined,
): RefreshTokenStore {
  let current = first
  return {
    get: () => current,
    set: (refreshToken) => {
      if (refreshToken === current) return
      current = refreshToken
      onChange?.(refreshToken)
    },
  }
}
