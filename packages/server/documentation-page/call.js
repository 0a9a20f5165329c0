// Sends what a person filled in, with everything that the operation needs and the person should not have to copy: the
// access token, the CSRF token, and a refresh when the access token has ended.

import { hostPath } from './mount.js'

/** @import { Answer, CallRequest, Filled, Operation } from './types.ts' */
/** @import { Session } from './session.js' */

/**
 * @param {Operation} operation
 * @param {Filled} filled
 * @param {Pick<Session, 'token' | 'csrfToken'>} session
 * @param {string} base the origin and whatever is in front of the path
 * @returns {CallRequest}
 */
export function prepare(operation, filled, session, base) {
  const path = hostPath(
    operation.path.replace(/\{(\w+)\}/g, (_whole, name) =>
      encodeURIComponent(filled.path[name] ?? ''),
    ),
  )
  const query = new URLSearchParams(
    Object.entries(filled.query).filter(([, value]) => value !== ''),
  )
  const search = query.size > 0 ? `?${query}` : ''
  return {
    method: operation.method,
    url: `${base}${path}${search}`,
    headers: {
      ...(operation.bearer && session.token && { authorization: `Bearer ${session.token}` }),
      ...(operation.service && filled.service.id && { authorization: basic(filled.service) }),
      ...(operation.cookie === 'acts' &&
        session.csrfToken && { 'x-csrf-token': session.csrfToken }),
      ...(filled.body !== '' && operation.body && { 'content-type': operation.body.type }),
    },
    body: filled.body === '' ? undefined : filled.body,
  }
}

/**
 * HTTP Basic with both parts form-encoded (RFC 6749 section 2.3.1).
 *
 * @param {Filled['service']} credential
 */
function basic({ id, secret }) {
  return `Basic ${btoa([id, secret].map(formEncode).join(':'))}`
}

/** @param {string} text */
function formEncode(text) {
  return new URLSearchParams({ x: text }).toString().slice(2)
}

/**
 * @param {Operation} operation
 * @param {Filled} filled
 * @param {Session} session
 * @returns {Promise<Answer>}
 */
export async function call(operation, filled, session) {
  /** @type {string[]} */
  const notes = []
  const sendNow = () => send(prepare(operation, filled, session, location.origin), operation)
  if (operation.bearer && (await renewed(session))) {
    notes.push('The access token had ended, so it was refreshed first.')
  }
  let answer = await sendNow()
  if (operation.bearer && isDeadToken(answer) && (await refreshed(session))) {
    notes.push('The access token was no longer good, so it was refreshed and the call repeated.')
    answer = await sendNow()
  }
  const isLogOut = ['logout', 'logoutAll'].includes(operation.operationId)
  if (isLogOut && answer.status === 204) session.forget()
  else if (answer.status < 300) session.absorb(answer.json)
  return { ...answer, notes }
}

/** @param {Session} session */
async function renewed(session) {
  return session.renew().catch(() => false)
}

/** @param {Session} session */
async function refreshed(session) {
  if (!session.isLoggedIn) return false
  return session.refresh().then(
    () => true,
    () => {
      session.forget()
      return false
    },
  )
}

/** @param {Answer} answer */
function isDeadToken({ status, json }) {
  return status === 401 && /** @type {any} */ (json)?.code === 'invalid_token'
}

/**
 * @param {CallRequest} request
 * @param {Operation} operation
 * @returns {Promise<Answer>}
 */
async function send({ method, url, headers, body }, { service }) {
  const started = performance.now()
  // With credentials a refused Basic would make the browser ask for a name and a password by itself.
  const credentials = service ? 'omit' : 'same-origin'
  const response = await fetch(url, {
    method,
    headers,
    credentials,
    ...(body !== undefined && { body }),
  })
  const text = await response.text()
  return {
    status: response.status,
    milliseconds: performance.now() - started,
    headers: [...response.headers],
    text,
    json: parse(text),
    notes: [],
  }
}

/** @param {string} text */
function parse(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
