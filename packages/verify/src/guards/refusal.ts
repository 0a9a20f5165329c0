/** Why a request does not pass. */
export type Refusal =
  | { code: 'no_token' | 'unauthorized' | 'invalid_token' | 'invalid_request' | 'unavailable' }
  | { code: 'insufficient_permissions' }
  | { code: 'insufficient_scope'; scopes: readonly string[] }
  | {
      code: 'insufficient_user_authentication'
      maxAgeSeconds: number
      acrValues: readonly string[]
    }

export type RefusalCode = Refusal['code']

/** Statuses and messages are those of the issuer's own API, so that a client meets one language everywhere. */
export const REFUSALS: Readonly<Record<RefusalCode, { status: number; message: string }>> = {
  invalid_request: { status: 400, message: 'The request is not valid' },
  no_token: { status: 401, message: 'No token provided' },
  unauthorized: { status: 401, message: 'Unauthorized' },
  invalid_token: { status: 401, message: 'Invalid or expired token' },
  insufficient_user_authentication: {
    status: 401,
    message: 'A more recent or stronger log-in is required',
  },
  insufficient_permissions: { status: 403, message: 'Insufficient permissions' },
  insufficient_scope: { status: 403, message: 'Insufficient scope' },
  unavailable: { status: 503, message: 'The service is temporarily unavailable' },
}

/** An answer, for whatever framework sends it. */
export interface RenderedRefusal {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** RFC 9457, with the challenge of RFC 6750 where there is one. */
export function renderRefusal(refusal: Refusal, requestId: string): RenderedRefusal {
  const { code } = refusal
  const { status, message } = REFUSALS[code]
  const challenge = challengeOf(refusal)
  const type = `urn:countersign:problem:${code}`
  return {
    status,
    headers: {
      'content-type': 'application/problem+json; charset=utf-8',
      'cache-control': 'no-store',
      'x-request-id': requestId,
      ...(challenge !== undefined && { 'www-authenticate': challenge }),
      ...(status === 503 && { 'retry-after': '1' }),
    },
    body: JSON.stringify({ type, status, code, message, requestId }),
  }
}

/** RFC 6750 §3, and RFC 9470 §3 for step-up. Whoever sent no token is told no error (§3.1). */
function challengeOf(refusal: Refusal): string | undefined {
  switch (refusal.code) {
    case 'no_token':
    case 'unauthorized':
      return 'Bearer'
    case 'invalid_token':
      return 'Bearer error="invalid_token"'
    case 'invalid_request':
      return 'Bearer error="invalid_request", error_description="The access token was sent more than once"'
    case 'insufficient_scope':
      return `Bearer error="insufficient_scope", scope="${refusal.scopes.join(' ')}"`
    case 'insufficient_user_authentication':
      return stepUpChallenge(refusal)
    case 'insufficient_permissions':
    case 'unavailable':
      return undefined
    default:
      return undefined
  }
}

function stepUpChallenge({
  maxAgeSeconds,
  acrValues,
}: Extract<Refusal, { code: 'insufficient_user_authentication' }>): string {
  const parameters = [
    'error="insufficient_user_authentication"',
    `error_description="${REFUSALS.insufficient_user_authentication.message}"`,
    `max_age="${maxAgeSeconds}"`,
    ...(acrValues.length > 0 ? [`acr_values="${acrValues.join(' ')}"`] : []),
  ]
  return `Bearer ${parameters.join(', ')}`
}
