import { parseStrictJson, type StrictJsonFailure } from '@countersign/verify/strict-json'
import { type Problem, problem } from './problems.ts'
import type { RequestSource } from './request-source.ts'

export const bodyLimitBytes = 10_240

export type BodyResult = { readonly value: unknown } | Problem

/**
 * The JSON value of the body; `undefined` when there is no body. Refused: another content type (415), more than 10,240
 * bytes (413), and everything that is not strict JSON in UTF-8, duplicate members included (400).
 */
export async function readJsonBody(source: RequestSource): Promise<BodyResult> {
  const bytes = await readBytes(source)
  if ('problem' in bytes) return bytes
  if (bytes.length === 0) return { value: undefined }
  if (isCoded(source) || !isInUtf8(source.header('content-type'), 'application/json')) {
    return problem('unsupported_media_type')
  }
  const parsed = parseStrictJson(bytes)
  return parsed.ok ? { value: parsed.value } : refuse(parsed.reason)
}

/** For an operation that takes no body: none, or an object without members. Anything else is refused as any body is. */
export async function readNoBody(source: RequestSource): Promise<BodyResult> {
  const body = await readJsonBody(source)
  if ('problem' in body || body.value === undefined) return body
  const { value } = body
  const isEmpty = typeof value === 'object' && value !== null && !Array.isArray(value)
  if (isEmpty && Object.keys(value).length === 0) return { value: undefined }
  const message = 'This request takes no body'
  return problem('invalid_request', { message, errors: [{ path: '', code: 'invalid', message }] })
}

/** As readJsonBody, for a form (RFC 6749 appendix B): its parameters by name. One that is sent twice is refused. */
export async function readFormBody(source: RequestSource): Promise<BodyResult> {
  const bytes = await readBytes(source)
  if ('problem' in bytes) return bytes
  const formType = 'application/x-www-form-urlencoded'
  if (isCoded(source) || !isInUtf8(source.header('content-type'), formType)) {
    return problem('unsupported_media_type', { message: `The request body must be ${formType}` })
  }
  const values = new Map<string, string>()
  const text = decodeForm(bytes)
  if (text === undefined) return refuse('not_utf8')
  for (const [name, value] of new URLSearchParams(text)) {
    if (name === '__proto__') return refuse('forbidden_member')
    if (values.has(name)) return refuse('duplicate_member')
    values.set(name, value)
  }
  return { value: Object.fromEntries(values) }
}

/** Undefined when it is not UTF-8, percent-encoded or as it stands. */
function decodeForm(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    decodeURIComponent(text)
    return text
  } catch {
    return undefined
  }
}

async function readBytes(source: RequestSource): Promise<Uint8Array | Problem> {
  const declared = Number(source.header('content-length') ?? 0)
  if (declared > bodyLimitBytes) return problem('payload_too_large')
  const bytes = await source.readBody(bodyLimitBytes)
  if (bytes === 'too_large') return problem('payload_too_large')
  return bytes === 'too_deep' ? refuse(bytes) : bytes
}

function refuse(reason: StrictJsonFailure): Problem {
  const message = parseFailureMessages[reason]
  return problem('invalid_request', { message, errors: [{ path: '', code: reason, message }] })
}

const parseFailureMessages = {
  not_utf8: 'The request body is not UTF-8',
  malformed: 'The request body is not valid JSON',
  duplicate_member: 'The request body names a member twice',
  forbidden_member: 'The request body has a member that is never allowed',
  too_deep: 'The request body is nested too deeply',
  lone_surrogate: 'The request body has half of a surrogate pair',
} as const

// A coding that is not undone leaves bytes which mean something else to whoever undoes it (RFC 9110 section 8.4).
function isCoded(source: RequestSource): boolean {
  if (source.isBodyParsed) return false
  const content = source.header('content-encoding') ?? 'identity'
  const transfer = source.header('transfer-encoding') ?? 'chunked'
  return content.toLowerCase() !== 'identity' || transfer.toLowerCase() !== 'chunked'
}

function isInUtf8(contentType: string | undefined, wanted: string): boolean {
  if (contentType === undefined) return false
  const [type = '', ...parameters] = contentType.toLowerCase().split(';')
  if (type.trim() !== wanted) return false
  return parameters.every((parameter) => {
    const [name = '', value = ''] = parameter.split('=', 2)
    return name.trim() !== 'charset' || /^"?utf-8"?$/.test(value.trim())
  })
}
