// Renders what the client has to know of the HTTP contract from the OpenAPI document: types, and the routes it calls.

export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

interface Operation {
  readonly operationId: string
  readonly requestBody?: { readonly content: Content; readonly required?: boolean }
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>
}

type Content = Readonly<Record<string, { readonly schema: Schema }>>

interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Schema[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly description?: string
}

/** @param wanted the operations of the client */
export function renderClientContract(document: Document, wanted: readonly string[]): string {
  const found = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  )
  const operations = wanted.map((name) => {
    const match = found.find(({ operation }) => operation.operationId === name)
    if (match === undefined) throw new Error(`There is no operation ${name}`)
    return match
  })
  const types = operations.map(({ operation }) => renderOperation(operation))
  const routes = operations.map(
    ({ path, method, operation }) =>
      `  ${operation.operationId}: ['${method.toUpperCase()}', '${path}'],`,
  )
  const schemas = document.components.schemas
  const components = reachable(types.join('\n'), schemas).map(
    (name) => `export interface ${name} ${renderType(schemas[name] ?? {})}\n`,
  )
  const codes = schemas['Problem']?.properties?.['code']?.enum ?? []
  return [
    '// Written by tools/write-client-contract.ts from the OpenAPI document; a test compares them.\n',
    ...components,
    `export type ProblemCode =\n${codes.map((code) => `  | '${String(code)}'`).join('\n')}\n`,
    `export interface Operations {\n${types.join('\n')}\n}\n`,
    `export const routes = {\n${routes.join('\n')}\n} as const\n`,
  ].join('\n')
}

function renderOperation(operation: Operation): string {
  const { operationId, requestBody, responses } = operation
  const success = Object.entries(responses).find(([status]) => status.startsWith('2'))?.[1]
  const body = requestBody?.content['application/json']?.schema
  const answer = success?.content?.['application/json']?.schema
  const sent = body === undefined ? 'undefined' : renderType(body)
  const optional = requestBody?.required === false ? ' | undefined' : ''
  const received = answer === undefined ? 'undefined' : renderType(answer)
  return `  readonly ${operationId}: { readonly body: ${sent}${optional}; readonly answer: ${received} }`
}

function renderType(schema: Schema): string {
  if (schema.$ref !== undefined) return schema.$ref.replace('#/components/schemas/', '')
  if (schema.const !== undefined) return quote(schema.const)
  if (schema.enum !== undefined) return schema.enum.map(quote).join(' | ')
  if (schema.anyOf !== undefined) return schema.anyOf.map(renderType).join(' | ')
  if (Array.isArray(schema.type)) {
    return schema.type.map((type: string) => renderType({ ...schema, type })).join(' | ')
  }
  switch (schema.type) {
    case 'object':
      return renderObject(schema)
    case 'array':
      return `readonly (${renderType(schema.items ?? {})})[]`
    case 'integer':
    case 'number':
      return 'number'
    case 'string':
    case 'boolean':
    case 'null':
      return schema.type
    default:
      return 'unknown'
  }
}

function renderObject({ properties = {}, required = [] }: Schema): string {
  const members = Object.entries(properties).map(([name, schema]) => {
    const comment = schema.description === undefined ? '' : `/** ${schema.description} */\n`
    return `${comment}readonly ${name}${required.includes(name) ? '' : '?'}: ${renderType(schema)}`
  })
  return `{\n${members.join('\n')}\n}`
}

/** The components that a text names, and those that these name. */
function reachable(text: string, schemas: Readonly<Record<string, Schema>>): readonly string[] {
  const names = new Set<string>()
  const visit = (rendered: string): void => {
    for (const name of Object.keys(schemas)) {
      if (names.has(name) || !new RegExp(`\\b${name}\\b`).test(rendered)) continue
      names.add(name)
      visit(renderType(schemas[name] ?? {}))
    }
  }
  visit(text)
  return [...names].toSorted()
}

function quote(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value)
}
