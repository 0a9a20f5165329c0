import type { Settings } from '../config/settings.ts'

/** Whether accounts with this role need a second factor. */
export function createSecondFactorPolicy(
  secondFactor: Settings['secondFactor'],
): (role: string) => boolean {
  if (typeof secondFactor === 'string') return () => secondFactor === 'required'
  const roles = new Set(secondFactor)
  return (role) => roles.has(role)
}
