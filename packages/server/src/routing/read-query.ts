import type { z } from 'zod'
import { type Problem, problem } from '../http/problems.ts'
import { validate } from '../http/validate.ts'

/** The query's parameters against the contract. A parameter that is sent twice is refused: readers would differ. */
export function readQuery(
  schema: z.ZodType,
  rawQuery: string,
): { readonly value: unknown } | Problem {
  const values = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(rawQuery)) {
    if (values.has(name)) {
      const message = 'A query parameter is given twice'
      return problem('invalid_request', {
        message,
        errors: [{ path: name, code: 'duplicate_parameter', message }],
      })
    }
    values.set(name, value)
  }
  return validate(schema, Object.fromEntries(values), undefined)
}

// Number() would also take 1e2, 0x10 and blanks, which no other reader of the URL understands alike.
export function readDigits(value: unknown): unknown {
  return typeof value === 'string' && /^\d{1,3}$/.test(value) ? Number(value) : value
}
