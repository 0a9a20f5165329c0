import { resolve, schemaName } from './description.js'
import { h } from './dom.js'
import { inline } from './prose.js'

/** @import { OpenApi, Schema } from './types.ts' */

/**
 * The members of an object as a list, those of objects within below them.
 *
 * @param {OpenApi} document
 * @param {Schema} reference
 * @param {'required' | 'optional'} mark which members are marked: of a request those that must be there, of an answer
 *   those that may be missing
 * @returns {HTMLElement}
 */
export function schemaView(document, reference, mark) {
  const schema = resolve(document, reference)
  const properties = Object.entries(schema.properties ?? {})
  if (properties.length === 0) {
    return h('p', { class: 'type' }, ...typeOf(reference))
  }
  const rows = properties.map(([name, property]) =>
    memberView(document, name, property, {
      mark,
      isMarked: (schema.required ?? []).includes(name) === (mark === 'required'),
    }),
  )
  return h('ul', { class: 'members' }, ...rows)
}

/**
 * @param {OpenApi} document
 * @param {string} name
 * @param {Schema} property
 * @param {{ mark: 'required' | 'optional', isMarked: boolean }} marks
 */
function memberView(document, name, property, { mark, isMarked }) {
  const own = resolve(document, property)
  const within = innerObject(document, property)
  return h(
    'li',
    {},
    h('code', { class: 'member' }, name),
    ' ',
    h('span', { class: 'type' }, ...typeOf(property)),
    isMarked ? h('span', { class: mark }, mark) : undefined,
    own.description ? h('span', { class: 'about' }, ...inline(own.description)) : undefined,
    within && schemaView(document, within, mark),
  )
}

/**
 * The object that a member holds, alone or in a list, when it is not one with a name (those are linked).
 *
 * @param {OpenApi} document
 * @param {Schema} property
 */
function innerObject(document, property) {
  if (schemaName(property) !== undefined) return undefined
  const target = property.items ?? property
  if (schemaName(target) !== undefined) return undefined
  return resolve(document, target).properties ? target : undefined
}

/**
 * What a value looks like, in words.
 *
 * @param {Schema} schema
 * @returns {(Node | string)[]}
 */
export function typeOf(schema) {
  const name = schemaName(schema)
  if (name !== undefined) return [h('a', { href: `#schema-${name}` }, name)]
  if (schema.const !== undefined) return [h('code', {}, JSON.stringify(schema.const))]
  if (schema.enum) {
    return schema.enum.flatMap((value, index) => [
      index === 0 ? '' : ' or ',
      h('code', {}, JSON.stringify(value)),
    ])
  }
  const choices = schema.oneOf ?? schema.anyOf
  if (choices) {
    return choices.flatMap((choice, index) => [index === 0 ? '' : ' or ', ...typeOf(choice)])
  }
  if (schema.items) return ['list of ', ...typeOf(schema.items)]
  const type = Array.isArray(schema.type) ? schema.type.join(' or ') : (schema.type ?? 'any value')
  return [[schema.format === 'date-time' ? 'time (RFC 3339)' : type, rangeOf(schema)].join('')]
}

/** @param {Schema} schema */
function rangeOf({ minimum, maximum, default: fallback }) {
  const isBounded = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER
  const range = minimum !== undefined && isBounded ? ` from ${minimum} to ${maximum}` : ''
  return fallback === undefined ? range : `${range}, otherwise ${JSON.stringify(fallback)}`
}
