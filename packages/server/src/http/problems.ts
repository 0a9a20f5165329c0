// Every failure that a client can see: its code, status and message. Messages that clients of the well-known tutorial
// compare are fixed; see conformance/tutorial.

interface ProblemKind {
  readonly status: number
  readonly message: string
  /** When it is answered and what the client does about it: the text of the reference. */
  readonly meaning: string
}

export const problemKinds = {
  invalid_request: {
    status: 400,
    message: 'The request is not valid',
    meaning:
      'The body, a query parameter or a path has the wrong shape; `errors` names each mistake.',
  },
  username_taken: {
    status: 400,
    message: 'Username already exists',
    meaning: 'Another account has this name (without regard to case). Choose another.',
  },
  weak_password: {
    status: 400,
    message: 'The password is not acceptable',
    meaning:
      'The new password is too short, too long, common or easily guessed; `errors` says which.',
  },
  invalid_password: {
    status: 400,
    message: 'Current password is wrong',
    meaning: 'A password change was asked for with a wrong current password.',
  },
  invalid_credentials: {
    status: 401,
    message: 'Invalid credentials',
    meaning: 'Unknown user, wrong password or disabled account: the answer never tells which.',
  },
  mfa_required: {
    status: 401,
    message: 'A second factor is required',
    meaning:
      'The first factor is right. Go on with `POST /api/auth/mfa`: `mfaToken` and one of the `factors` of this answer; with a passkey, with `POST /api/auth/mfa/passkey/options`.',
  },
  mfa_enrollment_required: {
    status: 401,
    message: 'A second factor has to be added first',
    meaning:
      'SECOND_FACTOR asks for a second factor, and the account has neither one nor a verified address that codes could be sent to. Add one with the `mfaToken` of this answer (`POST /api/auth/mfa/totp`, `POST /api/auth/passkeys/register/options`), or verify an address with the mail of the registration.',
  },
  invalid_mfa_token: {
    status: 401,
    message: 'The log-in cannot be continued',
    meaning: 'The `mfaToken` is too old, was used, or the account has changed since. Log in again.',
  },
  invalid_code: {
    status: 400,
    message: 'The code is wrong or too old',
    meaning:
      'A code or link is wrong, was used, has expired, or had too many tries. Ask for another.',
  },
  invalid_passkey: {
    status: 400,
    message: 'The answer of the passkey is not valid',
    meaning:
      'It answers something else than was asked: by a page of another origin, an older or used challenge, with a passkey that is not known or did not verify its user. Ask for new options and try again.',
  },
  insufficient_user_authentication: {
    status: 401,
    message: 'A more recent or stronger log-in is required',
    meaning:
      'The act is dangerous and the log-in too long ago (RFC 9470); refreshing does not help. `POST /api/auth/step-up`.',
  },
  refresh_token_required: {
    status: 401,
    message: 'Refresh token required',
    meaning: 'Neither the body nor a cookie carries a refresh token. Log in.',
  },
  invalid_refresh_token: {
    status: 401,
    message: 'Invalid refresh token',
    meaning: 'The refresh token is malformed, unknown, forged or expired. Log in.',
  },
  token_revoked: {
    status: 401,
    message: 'Token has been revoked',
    meaning: 'The session of this refresh token has ended. Log in.',
  },
  user_not_found: {
    status: 401,
    message: 'User not found',
    meaning: 'The account of this refresh token has been deleted.',
  },
  no_token: {
    status: 401,
    message: 'No token provided',
    meaning: 'The route needs `Authorization: Bearer <access token>`.',
  },
  invalid_token: {
    status: 401,
    message: 'Invalid or expired token',
    meaning: 'The access token is not valid (any more). Refresh and try once again.',
  },
  unauthorized: {
    status: 401,
    message: 'Unauthorized',
    meaning: 'A role is needed and the request has no user. Log in.',
  },
  invalid_service_credential: {
    status: 401,
    message: 'A service credential is required',
    meaning:
      'The route is for services: send `Authorization: Basic` with the id and secret of `countersign services add`.',
  },
  invalid_csrf_token: {
    status: 403,
    message: 'Invalid CSRF token',
    meaning:
      'A call that uses the cookie needs the `x-csrf-token` of its session (GET /api/auth/csrf).',
  },
  origin_not_allowed: {
    status: 403,
    message: 'Origin not allowed',
    meaning: 'The page that made this call is of an origin that is not listed in CLIENT_ORIGIN.',
  },
  insufficient_permissions: {
    status: 403,
    message: 'Insufficient permissions',
    meaning: 'The user lacks the role that the route needs.',
  },
  registration_closed: {
    status: 403,
    message: 'Registration is closed',
    meaning: 'Only administrators make accounts here.',
  },
  not_found: {
    status: 404,
    message: 'Resource not found',
    meaning: 'There is nothing here, or nothing that this user may see.',
  },
  method_not_allowed: {
    status: 405,
    message: 'Method not allowed',
    meaning: 'The path exists, but not with this method; `Allow` lists what there is.',
  },
  request_timeout: {
    status: 408,
    message: 'The request took too long',
    meaning: 'Its head has ten seconds to arrive, all of it half a minute. The connection ends.',
  },
  email_taken: {
    status: 409,
    message: 'Another account has this address',
    meaning:
      'The mailbox is yours, and another account has verified it already. Log in to that one.',
  },
  factor_exists: {
    status: 409,
    message: 'It is a second factor already',
    meaning: 'This passkey or address was added before. There is nothing to do.',
  },
  too_many_factors: {
    status: 409,
    message: 'There are too many second factors',
    meaning: 'An account has at most 30. Remove one first.',
  },
  last_factor: {
    status: 409,
    message: 'The last second factor cannot be removed',
    meaning:
      'SECOND_FACTOR asks for one. Add another first, or replace it by adding one of its kind.',
  },
  no_second_factor: {
    status: 409,
    message: 'A second factor has to be added first',
    meaning: 'Recovery codes stand in for a second factor, and the account has none.',
  },
  last_admin: {
    status: 409,
    message: 'The last administrator cannot be removed',
    meaning: 'Give another active account the role admin first.',
  },
  payload_too_large: {
    status: 413,
    message: 'The request body is too large',
    meaning: 'Bodies are limited to 10,240 bytes.',
  },
  unsupported_media_type: {
    status: 415,
    message: 'The request body must be application/json in UTF-8',
    meaning: 'Send `Content-Type: application/json`.',
  },
  expectation_failed: {
    status: 417,
    message: 'The expectation cannot be met',
    meaning: 'No `Expect` but `100-continue` is known. The connection ends.',
  },
  too_many_requests: {
    status: 429,
    message: 'Too many requests',
    meaning: 'A rate limit is reached. Wait for `Retry-After` seconds.',
  },
  headers_too_large: {
    status: 431,
    message: 'The header fields are too large',
    meaning:
      'Together they may have 16 kB; a flood of cookies is the usual cause. The connection ends.',
  },
  internal: {
    status: 500,
    message: 'Internal server error',
    meaning: 'A defect of the server. The log holds the details under `requestId`.',
  },
  busy: {
    status: 503,
    message: 'The server is busy',
    meaning: 'Too many passwords are waiting to be hashed. Try again after `Retry-After` seconds.',
  },
  unavailable: {
    status: 503,
    message: 'The service is temporarily unavailable',
    meaning:
      'The database cannot serve the request. Nothing is granted; what was asked for may or may not be done. Try again.',
  },
} as const

export type ProblemCode = keyof typeof problemKinds

export interface FieldError {
  /** The member, with dots between levels; empty for the body as a whole. */
  readonly path: string
  readonly code: string
  readonly message: string
}

export interface Problem {
  readonly problem: ProblemCode
  /** In place of the code's own message. */
  readonly message?: string
  readonly errors?: readonly FieldError[]
  readonly headers?: Readonly<Record<string, string>>
  /** More members of the answer. */
  readonly members?: Readonly<Record<string, unknown>>
  /** How long ago the log-in may be, for the challenge of RFC 9470. */
  readonly maxAgeSeconds?: number
}

/** A failure as a reply: `return problem('not_found')`. */
export function problem(code: ProblemCode, more: Omit<Problem, 'problem'> = {}): Problem {
  return { problem: code, ...more }
}

/** RFC 9457, with `code`, `message` and `requestId` beside the registered members. */
export function renderProblem(failure: Problem, requestId: string): string {
  const kind: ProblemKind = problemKinds[failure.problem]
  return JSON.stringify({
    type: `urn:countersign:problem:${failure.problem}`,
    status: kind.status,
    code: failure.problem,
    message: failure.message ?? kind.message,
    requestId,
    errors: failure.errors,
    ...failure.members,
  })
}

const withoutCredentials: ReadonlySet<ProblemCode> = new Set([
  'no_token',
  'unauthorized',
  'refresh_token_required',
  'invalid_credentials',
  'mfa_required',
  'mfa_enrollment_required',
  'invalid_mfa_token',
])

/** The WWW-Authenticate of a 401: no error code when no token was sent (RFC 6750 section 3.1). */
export function challengeOf(failure: Problem): string {
  if (failure.problem === 'invalid_service_credential') return 'Basic realm="countersign"'
  if (failure.problem === 'insufficient_user_authentication') {
    const description = problemKinds.insufficient_user_authentication.message
    return `Bearer error="${failure.problem}", error_description="${description}", max_age="${failure.maxAgeSeconds ?? 0}"`
  }
  return withoutCredentials.has(failure.problem) ? 'Bearer' : 'Bearer error="invalid_token"'
}
