// Reads the OpenAPI document.

/** @import { OpenApi, Operation, RawOperation, Schema } from './types.ts' */

const methods = ['get', 'post', 'put', 'patch', 'delete']

/**
 * Every operation, in the document's order.
 *
 * @param {OpenApi} document
 * @returns {Operation[]}
 */
export function operationsOf(document) {
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations)
      .filter(([method]) => methods.includes(method))
      .map(([method, operation]) => ({
        ...operation,
        method: method.toUpperCase(),
        path,
        bearer: bearerOf(operation),
        cookie: cookieOf(operation),
        service: operation.security.some((needs) => 'service' in needs),
        body: bodyOf(operation),
      })),
  )
}

/** @param {RawOperation} operation */
function bearerOf(operation) {
  const needs = operation.security.find((alternative) => 'bearer' in alternative)
  return needs && { roles: needs['bearer'] ?? [] }
}

/**
 * @param {RawOperation} operation
 * @returns {Operation['cookie']}
 */
function cookieOf({ security }) {
  const needs = security.find((alternative) => 'refreshCookie' in alternative)
  return needs && ('csrfToken' in needs ? 'acts' : 'reads')
}

/** @param {RawOperation} operation */
function bodyOf({ requestBody }) {
  const [first] = Object.entries(requestBody?.content ?? {})
  return first && { type: first[0], schema: first[1].schema }
}

/**
 * Follows a reference, and puts the parts of `allOf` together.
 *
 * @param {OpenApi} document
 * @param {Schema} schema
 * @returns {Schema}
 */
export function resolve(document, schema) {
  const name = schemaName(schema)
  if (name !== undefined) return resolve(document, document.components.schemas[name] ?? {})
  if (schema.allOf === undefined) return schema
  const { allOf, ...own } = schema
  const parts = [...allOf.map((part) => resolve(document, part)), own]
  return {
    ...Object.assign({}, ...parts),
    properties: Object.assign({}, ...parts.map(({ properties = {} }) => properties)),
    required: parts.flatMap(({ required = [] }) => required),
  }
}

/**
 * The name of the component that a schema refers to.
 *
 * @param {Schema} schema
 */
export function schemaName({ $ref }) {
  return $ref?.startsWith('#/components/schemas/') ? $ref.slice(21) : undefined
}

/**
 * A value as the schema describes it: its own example, else one made from its type.
 *
 * @param {OpenApi} document
 * @param {Schema} reference
 * @param {{ onlyRequired?: boolean }} [options] `onlyRequired`: what may be left out is, unless everything may
 * @returns {unknown}
 */
export function exampleOf(document, reference, options = {}) {
  const schema = resolve(document, reference)
  const given = [schema.const, schema.examples?.[0], schema.default, schema.enum?.[0]]
  const found = given.find((value) => value !== undefined)
  if (found !== undefined) return found
  const choice = schema.oneOf?.[0] ?? schema.anyOf?.[0]
  if (choice !== undefined) return exampleOf(document, choice, options)
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case 'object':
      return exampleObject(document, schema, options)
    case 'array':
      return schema.items ? [exampleOf(document, schema.items, options)] : []
    case 'string':
      return schema.format === 'date-time' ? '2026-01-31T12:00:00.000Z' : 'text'
    case 'integer':
    case 'number':
      return schema.minimum !== undefined && schema.minimum > 0 ? schema.minimum : 0
    case 'boolean':
      return false
    default:
      return null
  }
}

/**
 * @param {OpenApi} document
 * @param {Schema} schema
 * @param {{ onlyRequired?: boolean }} options
 */
function exampleObject(document, { properties = {}, required = [] }, options) {
  const keepAll = !options.onlyRequired || required.length === 0
  return Object.fromEntries(
    Object.entries(properties)
      .filter(([name]) => keepAll || required.includes(name))
      .map(([name, property]) => [name, exampleOf(document, property, options)]),
  )
}

/**
 * Every problem code with the statuses that carry it and its meaning.
 *
 * @param {OpenApi} document
 * @returns {{ code: string, status: string, meaning: string }[]}
 */
export function problemsOf(document) {
  /** @type {Map<string, string>} */
  const statuses = new Map()
  for (const { responses } of operationsOf(document)) {
    for (const [status, { content = {} }] of Object.entries(responses)) {
      for (const code of problemCodes(content['application/problem+json']?.schema)) {
        statuses.set(code, status)
      }
    }
  }
  const meanings = document.components.schemas['Problem']?.properties?.['code']
  return Object.entries(meanings?.['x-enumDescriptions'] ?? {})
    .map(([code, meaning]) => ({ code, status: statuses.get(code) ?? '', meaning }))
    .filter(({ status }) => status !== '')
    .sort((a, b) => Number(a.status) - Number(b.status))
}

/**
 * The codes that a response may carry.
 *
 * @param {Schema | undefined} schema
 * @returns {string[]}
 */
export function problemCodes(schema) {
  const narrowed = schema?.allOf?.find((part) => part.properties?.['code']?.enum)
  return (narrowed?.properties?.['code']?.enum ?? []).map(String)
}
