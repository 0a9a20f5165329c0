// Routing: the one way that every request takes, from its first byte to its answer. This folder owns the contract of a
// route, the guards that all routes share and their order, and the two adapters (Fetch and node:http). What a route does
// is its handler's business (register/, sign-in/, refresh/ …).

import type { AuditLog } from '../audit/audit-log.ts'
import type { Clock } from '../foundation/clock.ts'
import type { Logger } from '../foundation/logger.ts'
import { StoreUnavailableError } from '../foundation/store-failure.ts'
import { resolveClientAddress } from '../http/client-address.ts'
import { corsHeaders, type OriginPolicy, preflightHeaders } from '../http/origin.ts'
import {
  challengeOf,
  type Problem,
  problem,
  problemKinds,
  renderProblem,
} from '../http/problems.ts'
import { readFormBody, readJsonBody, readNoBody } from '../http/read-body.ts'
import { type Answer, isProblem, type Reply, type WireAnswer } from '../http/reply.ts'
import { RequestContext } from '../http/request-context.ts'
import { RequestAbortedError, type RequestSource } from '../http/request-source.ts'
import { securityHeaders } from '../http/security-headers.ts'
import { validate } from '../http/validate.ts'
import type { AuthenticateCall, Authentication } from './authenticate-call.ts'
import type { CallCounter } from './count-call.ts'
import { readQuery } from './read-query.ts'
import type { Principal, Route } from './route.ts'
import type { RouteMatch, RouteTable } from './route-table.ts'

/** What is told of every finished request: for metrics. */
export interface RequestRecord {
  readonly method: string
  /** The contract's path, never the caller's; undefined when nothing matched. */
  readonly route: string | undefined
  readonly status: number
  readonly durationMs: number
}

export interface ApplicationParts {
  readonly table: RouteTable
  readonly authenticate: AuthenticateCall
  readonly counter: CallCounter
  readonly audit: AuditLog
  readonly origins: OriginPolicy
  readonly https: boolean
  readonly trustedProxies: number
  /** How long ago a log-in may be for a dangerous act. */
  readonly recentAuthenticationSeconds: number
  readonly clock: Clock
  readonly logger: Logger
  readonly newRequestId: () => string
  readonly onRequest: (record: RequestRecord) => void
}

export interface Application {
  /** @param target the path with its query, as it stands in the request line */
  answer(method: string, target: string, source: RequestSource): Promise<WireAnswer>
  /** For what cannot even be read as a request: a forged Host. */
  refuseUnreadable(): WireAnswer
}

export function createApplication(parts: ApplicationParts): Application {
  const baseHeaders = securityHeaders(parts.https)

  const answer = async (
    method: string,
    target: string,
    source: RequestSource,
  ): Promise<WireAnswer> => {
    const started = performance.now()
    const ip = resolveClientAddress(source, parts.trustedProxies)
    const context = new RequestContext(parts.newRequestId(), source, ip, parts.clock())
    const mark = target.indexOf('?')
    const path = mark < 0 ? target : target.slice(0, mark)
    const query = mark < 0 ? '' : target.slice(mark + 1)
    const match = parts.table.find(path)
    const route = match?.routes.get(method === 'HEAD' ? 'GET' : method)
    let result: Answer
    try {
      result = route
        ? await callRoute(parts, route, match?.params ?? {}, query, context)
        : refuseUnrouted(parts, method, match, context)
    } catch (error) {
      result = explainFailure(parts, error, route, context)
    }
    const answer = render(result, method, context, baseHeaders, parts.origins)
    parts.onRequest({
      method,
      route: route?.contract.path,
      status: answer.status,
      durationMs: performance.now() - started,
    })
    return answer
  }
  return {
    answer,
    refuseUnreadable: () => {
      const requestId = parts.newRequestId()
      const headers: Record<string, string> = {
        ...baseHeaders,
        'x-request-id': requestId,
        'content-type': problemContentType,
      }
      const body = renderProblem(problem('invalid_request'), requestId)
      headers['content-length'] = `${Buffer.byteLength(body)}`
      return { status: problemKinds.invalid_request.status, headers, body }
    },
  }
}

const problemContentType = 'application/problem+json; charset=utf-8'

/** The guards of a route, in order; the first that objects decides the answer. */
async function callRoute(
  parts: ApplicationParts,
  route: Route,
  params: Readonly<Record<string, string>>,
  rawQuery: string,
  context: RequestContext,
): Promise<Answer> {
  const { contract } = route
  let authentication = await parts.authenticate(contract.access, context)
  const principal = authentication.principal

  if (contract.counting === 'caller') {
    const caller = principal
      ? ({ kind: 'user', id: principal.account.id } as const)
      : ({ kind: 'address' } as const)
    const refusal = parts.counter.count(context, caller)
    if (refusal) return refusal
  }
  const refused = await refuseCaller(parts, route, authentication, context)
  if (refused) return refused

  const query = contract.query && readQuery(contract.query, rawQuery)
  if (query && 'problem' in query) return query

  const hasBody = contract.body !== undefined || context.source.hasBody
  const body = hasBody ? await readBody(route, context) : undefined
  // Whoever sends it slowly may have lost meanwhile what the guards have seen.
  const proveAgain = async (): Promise<Problem | undefined> => {
    authentication = await parts.authenticate(contract.access, context)
    return refuseCaller(parts, route, authentication, context)
  }
  const refusedNow = body && contract.access !== 'anyone' ? await proveAgain() : undefined
  if (refusedNow) return refusedNow
  if (body && 'problem' in body) {
    // The handler would have counted the call by its refresh token; a body that holds none is anybody's.
    if (contract.counting !== 'session') return body
    return parts.counter.count(context, { kind: 'address' }) ?? body
  }

  return route.handle({
    context,
    principal: authentication.principal ?? authentication.service,
    params,
    query: query?.value,
    body: body?.value,
    proveAgain,
  })
}

/** Why this caller may not do this now. */
async function refuseCaller(
  parts: ApplicationParts,
  route: Route,
  { problem: unproven, principal }: Authentication,
  context: RequestContext,
): Promise<Problem | undefined> {
  if (unproven) return unproven
  const forbidden = await checkRole(parts, route, principal, context)
  return forbidden ?? requireRecentAuthentication(parts, route, principal)
}

async function checkRole(
  parts: ApplicationParts,
  route: Route,
  principal: Principal | undefined,
  context: RequestContext,
): Promise<Problem | undefined> {
  const { access, operationId } = route.contract
  if (typeof access === 'string') return undefined
  if (principal === undefined) return problem('unauthorized')
  if (principal.account.role === access.role) return undefined
  const facts = {
    actorId: principal.account.id,
    sessionId: principal.sessionId,
    detail: { operation: operationId, role: principal.account.role },
  }
  await parts.audit.record('access.denied', facts, context)
  return problem('insufficient_permissions')
}

/** A refresh does not make a log-in more recent, so a stolen session does no lasting harm. */
function requireRecentAuthentication(
  { recentAuthenticationSeconds: maxAgeSeconds, clock }: ApplicationParts,
  { contract }: Route,
  principal: Principal | undefined,
): Problem | undefined {
  if (!contract.recentAuthentication || principal === undefined) return undefined
  const ageSeconds = Math.floor((clock() - principal.authenticatedAt) / 1000)
  if (ageSeconds <= maxAgeSeconds) return undefined
  return problem('insufficient_user_authentication', { maxAgeSeconds })
}

async function readBody(
  route: Route,
  context: RequestContext,
): Promise<{ readonly value: unknown } | Problem> {
  const { body, bodyType, missingMessage } = route.contract
  if (body === undefined) return readNoBody(context.source)
  const read = await (bodyType === 'form' ? readFormBody : readJsonBody)(context.source)
  if ('problem' in read) return read
  return validate(body, read.value, missingMessage)
}

function refuseUnrouted(
  parts: ApplicationParts,
  method: string,
  match: RouteMatch | undefined,
  context: RequestContext,
): Answer {
  const methods = match && allowedMethods(match)
  if (method === 'OPTIONS' && methods) return answerOptions(parts, methods, context)
  const refusal = parts.counter.count(context, { kind: 'address' })
  if (refusal) return refusal
  if (!methods) return problem('not_found')
  return problem('method_not_allowed', { headers: { allow: methods.join(', ') } })
}

function allowedMethods(match: RouteMatch): string[] {
  const methods = [...match.routes.keys()]
  return [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS']
}

function answerOptions(
  parts: ApplicationParts,
  methods: readonly string[],
  context: RequestContext,
): Answer {
  const origin = context.source.header('origin')
  const isPreflight = context.source.header('access-control-request-method') !== undefined
  if (!isPreflight || origin === undefined) {
    return { status: 204, headers: { allow: methods.join(', ') } }
  }
  const isOwn = origin === parts.origins.own
  if (!isOwn && !parts.origins.allowed.includes(origin)) return problem('origin_not_allowed')
  return { status: 204, headers: preflightHeaders(methods) }
}

function explainFailure(
  parts: ApplicationParts,
  error: unknown,
  route: Route | undefined,
  context: RequestContext,
): Answer {
  const fields = {
    err: error,
    requestId: context.requestId,
    operation: route?.contract.operationId,
  }
  if (error instanceof RequestAbortedError) {
    parts.logger.debug(fields, 'The client went away')
    return problem('invalid_request')
  }
  if (error instanceof StoreUnavailableError) {
    parts.logger.error(fields, 'The store is unavailable')
    return problem('unavailable', { headers: { 'retry-after': '1' } })
  }
  parts.logger.error(fields, 'Unexpected failure')
  return problem('internal')
}

function render(
  answer: Answer,
  method: string,
  context: RequestContext,
  baseHeaders: Readonly<Record<string, string>>,
  origins: OriginPolicy,
): WireAnswer {
  const cors = corsHeaders(context.source.header('origin'), origins)
  const headers: Record<string, string> = {
    ...baseHeaders,
    'x-request-id': context.requestId,
    ...context.headers,
  }
  const reply = isProblem(answer) ? toReply(answer, context) : answer
  const body = reply.raw ?? (reply.body === undefined ? null : JSON.stringify(reply.body))
  if (reply.body !== undefined) headers['content-type'] = 'application/json; charset=utf-8'
  if (reply.headers) Object.assign(headers, reply.headers)
  // Last: a document that is for every origin says `*`, which browsers do not take from a call with credentials.
  if (cors) Object.assign(headers, cors)
  if (origins.allowed.length > 0) {
    headers['vary'] = headers['vary'] === undefined ? 'Origin' : `Origin, ${headers['vary']}`
  }
  // A 204 has no length at all; a HEAD has that of what a GET would get (RFC 9110 section 8.6).
  const length = lengthOf(body)
  if (reply.status !== 204 && length !== undefined) headers['content-length'] = `${length}`
  if (method === 'HEAD' && body instanceof ReadableStream) void body.cancel()
  const { status, cookies } = reply
  return {
    status,
    headers,
    ...(cookies && cookies.length > 0 && { cookies }),
    body: method === 'HEAD' ? null : body,
  }
}

function lengthOf(body: WireAnswer['body']): number | undefined {
  if (body === null) return 0
  if (body instanceof ReadableStream) return undefined
  return typeof body === 'string' ? Buffer.byteLength(body) : body.length
}

function toReply(failure: Problem, context: RequestContext): Reply {
  const { status } = problemKinds[failure.problem]
  return {
    status,
    raw: renderProblem(failure, context.requestId),
    headers: {
      'content-type': problemContentType,
      ...(status === 401 && { 'www-authenticate': challengeOf(failure) }),
      ...failure.headers,
    },
  }
}
