// Door: the library.

export { administratorRole } from './accounts/last-administrator.ts'
export type { AccountToImport, ImportOutcome } from './accounts/import-account.ts'
export type { AdministeredProfile, Profile } from './accounts/profile.ts'
export { toUsernameKey } from './accounts/username.ts'
export type { AuditEvent, AuditType } from './audit/event.ts'
export type { Bus } from './bus/bus.ts'
export { ConfigurationError, type ConfigurationMistake } from './config/configuration-error.ts'
export type { CountersignOptions } from './config/options.ts'
export type { RateLimit, Settings } from './config/settings.ts'
export { type Countersign, createCountersign } from './create-countersign.ts'
export type { Clock } from './foundation/clock.ts'
export type { Logger } from './foundation/logger.ts'
export type { Randomness } from './foundation/randomness.ts'
export { StoreUnavailableError } from './foundation/store-failure.ts'
export { problem, type ProblemCode, problemKinds, renderProblem } from './http/problems.ts'
export { securityHeaders } from './http/security-headers.ts'
export type { KeyInfo } from './keys/keyring.ts'
export { RotationRefusedError } from './keys/rotation-refused-error.ts'
export type { AccountFailure, AccountResult, LibraryAccounts } from './library/accounts.ts'
export type {
  Authenticate,
  AuthenticatedUser,
  AuthenticationResult,
} from './library/authenticate.ts'
export type { Hooks } from './library/hooks.ts'
export type { NodeHandler } from './routing/node-handler.ts'
export type { ClaimsHook, ClaimsSubject } from './tokens/issue-access-token.ts'
export { version } from './foundation/version.ts'
