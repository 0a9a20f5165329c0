import { call, prepare } from './call.js'
import { toCurl } from './curl.js'
import { exampleOf } from './description.js'
import { button, copyButton, h, scrolling } from './dom.js'
import { jsonBlock, textBlock } from './json.js'

/** @import { Answer, Filled, OpenApi, Operation, Parameter } from './types.ts' */
/** @import { Session } from './session.js' */

/**
 * The form that sends a call and shows its answer.
 *
 * @param {OpenApi} document
 * @param {Operation} operation
 * @param {{ session: Session, logIn: () => void }} tools
 */
export function tryForm(document, operation, { session, logIn }) {
  const fields = parameterFields(operation)
  const body = bodyField(document, operation)
  const service = serviceFields(operation)
  const fill = () => readFields(fields, body, service)
  const output = h('div', { class: 'answer', 'aria-live': 'polite' })
  const note = h('p', { class: 'needs' })
  const send = h('button', { type: 'submit' }, 'Send')
  const curl = copyButton('Copy as curl', () =>
    toCurl(prepare(operation, fill(), session, location.origin), operation),
  )
  const form = h(
    'form',
    { class: 'try', 'aria-label': `Try ${operation.summary}` },
    h('h4', {}, 'Try it'),
    note,
    ...fields.map(({ parameter, input }) => labelled(parameter.name, input, parameter.in)),
    ...(service
      ? [labelled('Service id', service.id, ''), labelled('Service secret', service.secret, '')]
      : []),
    body && labelled('Body', body, operation.body?.type ?? ''),
    h('div', { class: 'actions' }, send, curl),
    output,
  )
  const explain = () => note.replaceChildren(...explainNeeds(operation, session, logIn))
  session.addEventListener('change', explain)
  explain()
  const submit = async () => {
    send.disabled = true
    try {
      output.replaceChildren(...answerView(await call(operation, fill(), session)))
    } catch {
      output.replaceChildren(h('p', { class: 'failure' }, 'The server cannot be reached.'))
    } finally {
      send.disabled = false
    }
  }
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void submit()
  })
  return form
}

/** @typedef {{ parameter: Parameter, input: HTMLInputElement }} Field */

/**
 * @param {Operation} operation
 * @returns {Field[]}
 */
function parameterFields({ operationId, parameters = [] }) {
  return parameters.map((parameter) => {
    const { name, required = false, schema } = parameter
    const input = h('input', {
      id: `${operationId}-${name}`,
      name,
      required,
      autocomplete: 'off',
      spellcheck: 'false',
      placeholder: schema.default === undefined ? '' : JSON.stringify(schema.default),
    })
    return { parameter, input }
  })
}

/**
 * @param {Field[]} fields
 * @param {HTMLTextAreaElement | undefined} body
 * @param {ReturnType<typeof serviceFields>} service
 * @returns {Filled}
 */
function readFields(fields, body, service) {
  /** @param {string} place */
  const valuesIn = (place) =>
    Object.fromEntries(
      fields
        .filter(({ parameter }) => parameter.in === place)
        .map(({ parameter, input }) => [parameter.name, input.value]),
    )
  return {
    path: valuesIn('path'),
    query: valuesIn('query'),
    body: body?.value.trim() ?? '',
    service: { id: service?.id.value ?? '', secret: service?.secret.value ?? '' },
  }
}

/**
 * @param {OpenApi} document
 * @param {Operation} operation
 */
function bodyField(document, { operationId, requestBody, body }) {
  if (body === undefined) return undefined
  const example = exampleOf(document, body.schema, { onlyRequired: true })
  const text = requestBody?.required ? encode(body.type, example) : ''
  const rows = String(Math.max(3, text.split('\n').length))
  const area = h('textarea', { id: `${operationId}-body`, rows, spellcheck: 'false' })
  area.value = text
  return area
}

/**
 * @param {string} type
 * @param {any} value
 */
function encode(type, value) {
  return type === 'application/json'
    ? JSON.stringify(value, null, 2)
    : new URLSearchParams(value).toString()
}

/** @param {Operation} operation */
function serviceFields({ operationId, service }) {
  if (!service) return undefined
  const attributes = { autocomplete: 'off', spellcheck: 'false' }
  return {
    id: h('input', { id: `${operationId}-service`, ...attributes }),
    secret: h('input', { id: `${operationId}-secret`, type: 'password', ...attributes }),
  }
}

/**
 * @param {string} name
 * @param {HTMLInputElement | HTMLTextAreaElement} input
 * @param {string} hint
 */
function labelled(name, input, hint) {
  const label = h('label', { for: input.id }, name, ' ', h('span', { class: 'type' }, hint))
  return h('div', { class: 'field' }, label, input)
}

/**
 * What the page will send along, or what is missing.
 *
 * @param {Operation} operation
 * @param {Session} session
 * @param {() => void} logIn
 * @returns {(Node | string)[]}
 */
function explainNeeds({ bearer, cookie }, session, logIn) {
  const { user } = session
  if (bearer && !session.isLoggedIn) {
    return [button('Log in', logIn, { class: 'link' }), ' first, and your access token goes along.']
  }
  if (bearer && bearer.roles.length > 0 && user && !bearer.roles.includes(user.role)) {
    const roles = bearer.roles.join(' or ')
    return [`You are ${user.username} with the role ${user.role}; this needs the role ${roles}.`]
  }
  if (bearer) return [`Your access token goes along (${user?.username ?? 'logged in'}).`]
  if (cookie === 'acts' && session.csrfToken) {
    return ['Your refresh cookie and its CSRF token go along.']
  }
  return []
}

/**
 * @param {Answer} answer
 * @returns {HTMLElement[]}
 */
function answerView({ status, milliseconds, headers, text, json, notes }) {
  const kind = status < 300 ? 'good' : status < 500 ? 'warn' : 'bad'
  const rows = headers.map(([name, value]) =>
    h('tr', {}, h('th', { scope: 'row' }, name), h('td', {}, value)),
  )
  return [
    ...notes.map((note) => h('p', { class: 'note' }, note)),
    h(
      'p',
      { class: 'result' },
      h('span', { class: `status ${kind}` }, String(status)),
      ` ${statusWords[status] ?? ''} in ${Math.round(milliseconds)} ms`,
    ),
    json !== undefined
      ? jsonBlock(json)
      : text === ''
        ? h('p', {}, 'No content.')
        : textBlock(text),
    h(
      'details',
      {},
      h('summary', {}, 'Headers'),
      scrolling('Headers', h('table', {}, h('tbody', {}, ...rows))),
    ),
  ]
}

/** HTTP/2 sends no reason phrase, so they are ours. @type {Record<number, string>} */
const statusWords = {
  200: 'OK',
  201: 'Created',
  204: 'No Content',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}
