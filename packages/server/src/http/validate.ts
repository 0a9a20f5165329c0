import type { z } from 'zod'
import { type FieldError, type Problem, problem } from './problems.ts'

export type Validated = { readonly value: unknown } | Problem

/** Checks a value against the contract's schema; a problem lists every mistake, never the offending value. */
export function validate(
  schema: z.ZodType,
  value: unknown,
  missingMessage: string | undefined,
): Validated {
  const result = schema.safeParse(value)
  if (result.success) return { value: result.data }
  const errors = result.error.issues.flatMap((issue) => toFieldErrors(issue, value))
  const isMissing = errors.some((error) => error.code === 'required')
  return problem('invalid_request', {
    errors,
    ...(isMissing && missingMessage !== undefined && { message: missingMessage }),
  })
}

function toFieldErrors(issue: z.core.$ZodIssue, value: unknown): FieldError[] {
  const path = issue.path.map(String).join('.')
  const required = [{ path, code: 'required', message: 'A value is required' }]
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        path: path === '' ? key : `${path}.${key}`,
        code: 'unknown_member',
        message: 'This member is not known',
      }))
    case 'invalid_type':
      return valueAt(value, issue.path) === undefined
        ? required
        : [{ path, code: 'wrong_type', message: `Expected ${issue.expected}` }]
    case 'too_small':
      return valueAt(value, issue.path) === ''
        ? required
        : [{ path, code: issue.code, message: issue.message }]
    default:
      return [{ path, code: issue.code, message: issue.message }]
  }
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let current = value
  for (const key of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, key))
      return undefined
    current = (current as Record<PropertyKey, unknown>)[key]
  }
  return current
}
