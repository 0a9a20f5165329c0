// @countersign/client: signs a user in, keeps the session going and calls APIs with a fresh access token, in browsers and
// in Node. The access token lives in memory alone; the refresh token in an httpOnly cookie, or in Node in memory.

export { createClient } from './create-client.ts'
export type { Change, ChangeReason, Client, ClientOptions } from './client.ts'
export { CountersignError } from './countersign-error.ts'
export type { FieldError } from './countersign-error.ts'
export type {
  Factor,
  PasskeyAssertion,
  PasskeyRequestOptions,
  ProblemCode,
  Profile,
  Session,
  TotpEnrollment,
} from './contract.generated.ts'
