import { exampleOf, problemCodes } from './description.js'
import { h } from './dom.js'
import { jsonBlock } from './json.js'
import { hostPath } from './mount.js'
import { inline, prose } from './prose.js'
import { schemaView, typeOf } from './schema.js'
import { tryForm } from './try-form.js'

/** @import { OpenApi, Operation } from './types.ts' */
/** @import { Session } from './session.js' */

/**
 * One operation: closed to a line, open to its documentation and the form to try it. What is inside is made when it is
 * first opened.
 *
 * @param {OpenApi} document
 * @param {Operation} operation
 * @param {{ session: Session, logIn: () => void }} tools
 */
export function operationView(document, operation, tools) {
  const { operationId, method, path, summary } = operation
  const details = h(
    'details',
    { class: 'operation', id: operationId },
    h(
      'summary',
      {},
      methodBadge(method),
      h('h3', {}, summary),
      h('code', { class: 'path' }, ...breakable(hostPath(path))),
      accessBadge(operation),
    ),
  )
  details.addEventListener('toggle', () => {
    if (!details.open || details.childElementCount > 1) return
    details.append(
      h(
        'div',
        { class: 'columns' },
        h('div', { class: 'reading' }, ...documentationOf(document, operation)),
        tryForm(document, operation, tools),
      ),
    )
  })
  return details
}

/** @param {string} method */
export function methodBadge(method) {
  return h('span', { class: `method ${method.toLowerCase()}` }, method)
}

/**
 * A long path may break after its slashes.
 *
 * @param {string} path
 */
function breakable(path) {
  return path
    .split(/(?<=.)(?=\/)/)
    .flatMap((part, index) => (index === 0 ? [part] : [h('wbr'), part]))
}

/** @param {Operation} operation */
function accessBadge({ bearer, service }) {
  if (service) return h('span', { class: 'access' }, 'service')
  if (bearer === undefined) return undefined
  const text = bearer.roles.length > 0 ? `role ${bearer.roles.join(' or ')}` : 'access token'
  return h('span', { class: 'access' }, text)
}

/**
 * @param {OpenApi} document
 * @param {Operation} operation
 */
function documentationOf(document, operation) {
  const { description, parameters = [], requestBody, body } = operation
  return [
    ...(description ? prose(description) : []),
    h('p', { class: 'who' }, ...whoMayCall(operation)),
    ...(parameters.length > 0 ? parameterList(parameters) : []),
    ...(body
      ? [
          h('h4', {}, requestBody?.required ? 'Body' : 'Body, optional'),
          schemaView(document, body.schema, 'required'),
        ]
      : []),
    h('h4', {}, 'Answers'),
    ...Object.entries(operation.responses).map(([status, response]) =>
      responseView(document, status, response),
    ),
  ]
}

/**
 * @param {Operation} operation
 * @returns {(Node | string)[]}
 */
function whoMayCall({ bearer, cookie, service }) {
  if (bearer?.roles.length) {
    return ['For the role ', h('strong', {}, bearer.roles.join(' or ')), ', with an access token.']
  }
  if (bearer) return inline('For users: `Authorization: Bearer <access token>`.')
  if (service) {
    return inline('For services, with a credential of their own: `countersign services add`.')
  }
  if (cookie === 'reads') return ['With the refresh cookie.']
  if (cookie === 'acts') {
    return inline(
      'With the refresh cookie and its CSRF token in `x-csrf-token`, or a token in the body.',
    )
  }
  return ['For anyone.']
}

/** @param {NonNullable<Operation['parameters']>} parameters */
function parameterList(parameters) {
  const rows = parameters.map(({ name, in: place, required, description, schema }) => {
    const about = description ?? schema.description
    return h(
      'li',
      {},
      h('code', { class: 'member' }, name),
      ' ',
      h('span', { class: 'type' }, `in the ${place}, `, ...typeOf(schema)),
      required ? h('span', { class: 'required' }, 'required') : undefined,
      about ? h('span', { class: 'about' }, ...inline(about)) : undefined,
    )
  })
  return [h('h4', {}, 'Parameters'), h('ul', { class: 'members' }, ...rows)]
}

/**
 * @param {OpenApi} document
 * @param {string} status
 * @param {Operation['responses'][string]} response
 */
function responseView(document, status, { description, content = {} }) {
  const kind = status < '300' ? 'good' : status < '500' ? 'warn' : 'bad'
  const badge = h('span', { class: `status ${kind}` }, status)
  const codes = problemCodes(content['application/problem+json']?.schema)
  if (codes.length > 0) {
    const names = codes.flatMap((code, index) => [index === 0 ? '' : ' ', h('code', {}, code)])
    return h(
      'details',
      { class: 'response' },
      h('summary', {}, badge, ' ', ...names),
      ...prose(description),
    )
  }
  const schema = content['application/json']?.schema
  if (schema === undefined) return h('p', { class: 'response' }, badge, ' ', ...inline(description))
  return h(
    'details',
    { class: 'response', open: true },
    h('summary', {}, badge, ' ', ...inline(description)),
    schemaView(document, schema, 'optional'),
    jsonBlock(exampleOf(document, schema)),
  )
}
