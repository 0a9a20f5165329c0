// Shapes that the scripts of this page share. The browser never loads this file: only comments refer to it.

export interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly format?: string
  readonly description?: string
  readonly enum?: readonly unknown[]
  readonly 'x-enumDescriptions'?: Readonly<Record<string, string>>
  readonly const?: unknown
  readonly default?: unknown
  readonly examples?: readonly unknown[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly allOf?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
}

export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query'
  readonly required?: boolean
  readonly description?: string
  readonly schema: Schema
}

export type Content = Readonly<Record<string, { readonly schema: Schema }>>

export interface RawOperation {
  readonly operationId: string
  readonly tags: readonly string[]
  readonly summary: string
  readonly description?: string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly required?: boolean; readonly content: Content }
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly content?: Content }>
  >
  readonly security: readonly Readonly<Record<string, readonly string[]>>[]
}

/** The part of an OpenAPI 3.1 document that this page reads. */
export interface OpenApi {
  readonly info: { readonly title: string; readonly version: string; readonly description?: string }
  readonly tags: readonly { readonly name: string; readonly description?: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, RawOperation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

export interface Operation extends RawOperation {
  readonly method: string
  readonly path: string
  /** Whether a call needs an access token, and of which roles. */
  readonly bearer: { readonly roles: readonly string[] } | undefined
  /** Whether a call may use the refresh cookie: to read, or to act, with the CSRF token beside it. */
  readonly cookie: 'reads' | 'acts' | undefined
  /** Whether a call needs the credential of a service. */
  readonly service: boolean
  readonly body: { readonly type: string; readonly schema: Schema } | undefined
}

export interface User {
  readonly id: string
  readonly username: string
  readonly role: string
}

/** What a person filled in. */
export interface Filled {
  readonly path: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
  /** Empty: no body. */
  readonly body: string
  /** The credential of a service; empty texts for none. */
  readonly service: { readonly id: string; readonly secret: string }
}

export interface CallRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

export interface Answer {
  readonly status: number
  readonly milliseconds: number
  readonly headers: readonly (readonly [string, string])[]
  readonly text: string
  /** Undefined when the text is no JSON. */
  readonly json: unknown
  /** What the page did on the person's behalf. */
  readonly notes: readonly string[]
}
