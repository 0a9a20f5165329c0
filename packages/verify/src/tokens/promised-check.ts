import type { Awaitable } from '../cryptography/cryptography.ts'
import type { TokenCheck } from './check-token.ts'
import type { Verification } from './token-failure.ts'

/** Verifies a token, and answers with a promise even where it could at once. */
export type PromisedCheck = (token: string) => Promise<Verification>

/** By the function, so that whoever puts another in its place is asked through that one. */
const checks = new WeakMap<object, TokenCheck>()

/** The form of a check that applications see: it always answers with a promise. */
export function promising(check: TokenCheck): PromisedCheck {
  const promised: PromisedCheck = async (token) => check(token)
  checks.set(promised, check)
  return promised
}

/** What `source.verify` answers, without the promises between: a guard waits for each of them with every request. */
export function verifyAtOnce(
  source: { verify(token: string): Awaitable<Verification> },
  token: string,
): Awaitable<Verification> {
  // oxlint-disable-next-line typescript/unbound-method -- only looked for, and never called by itself
  const check = checks.get(source.verify)
  return check === undefined ? source.verify(token) : check(token)
}
