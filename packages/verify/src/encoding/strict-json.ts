/**
 * JSON as a security boundary reads it. `JSON.parse` lets the last of two equal members win,
 * so two readers of one text may see different things (RFC 8259 §4); it also accepts unpaired
 * surrogates (§8.2) and `__proto__`. I-JSON (RFC 7493 §2) rules the first two out, and so does this.
 */

import { endOfString, replaceEscapedNames } from './escaped-names.ts'

/** Why a text was refused. */
export type StrictJsonFailure =
  | 'not_utf8'
  | 'malformed'
  | 'duplicate_member'
  | 'forbidden_member'
  | 'too_deep'
  | 'lone_surrogate'

/** The parsed value, or the reason there is none. */
export type StrictJsonResult =
  | { ok: true; value: unknown }
  | { ok: false; reason: StrictJsonFailure }

/** Limits of {@link parseStrictJson}. */
export interface StrictJsonOptions {
  /** Arrays and objects that may stand inside each other, the outermost counted; default 32. */
  maxDepth?: number
}

const QUOTE = 0x22
const COLON = 0x3a
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

const DEFAULT_MAX_DEPTH = 32

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Parses one JSON text and refuses everything that two readers could understand differently:
 * bytes that are not UTF-8, a byte order mark, duplicate members at any depth (compared after
 * unescaping), a member named `__proto__`, unpaired surrogates, and nesting beyond `maxDepth`.
 *
 * Never throws; runs in linear time and without recursion. Numbers beyond the range of a double
 * become Infinity, as JSON.parse has it: a caller that needs finite numbers checks for them.
 */
export function parseStrictJson(
  bytes: Uint8Array | string,
  options?: StrictJsonOptions,
): StrictJsonResult {
  const text = typeof bytes === 'string' ? bytes : decodeUtf8(bytes)
  if (text === undefined) return { ok: false, reason: 'not_utf8' }

  // Before JSON.parse, so that a hostile text is never built up only to be refused.
  const members = countMembers(text, options?.maxDepth ?? DEFAULT_MAX_DEPTH)
  if (members === undefined) return { ok: false, reason: 'too_deep' }

  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { ok: false, reason: 'malformed' }
  }
  // Nearly every text: nothing is left that could be wrong with it, but that a name stands twice.
  if (isPlain(bytes, text)) {
    return countHeld(value) === members
      ? { ok: true, value }
      : { ok: false, reason: 'duplicate_member' }
  }
  const plain = replaceEscapedNames(text)
  if (plain !== undefined) value = JSON.parse(plain.text)

  const checkStrings = mayHoldLoneSurrogate(bytes, text)
  const failure = checkContent(value, members, checkStrings, plain?.nameOf)
  return failure === undefined ? { ok: true, value } : { ok: false, reason: failure }
}

/** Without escapes, without surrogates out of place and without that name. */
function isPlain(bytes: Uint8Array | string, text: string): boolean {
  return (
    !text.includes('\\') &&
    !text.includes('__proto__') &&
    (typeof bytes !== 'string' || text.isWellFormed())
  )
}

/** The members of all objects in a parsed value. */
function countHeld(root: unknown): number {
  const pending: unknown[] = [root]
  let members = 0
  while (pending.length > 0) {
    const value = pending.pop()
    if (Array.isArray(value)) {
      for (const element of value) if (mayHoldMore(element, false)) pending.push(element)
    } else if (isRecord(value)) {
      // What the prototype would add makes the count too high, and the text is refused.
      for (const name in value) {
        members++
        const inner = value[name]
        if (mayHoldMore(inner, false)) pending.push(inner)
      }
    }
  }
  return members
}

/** The value of a text that {@link parseStrictJson} took before, to the letter: it is not checked again. */
export function parseKnownJson(bytes: Uint8Array): unknown {
  const text = utf8.decode(bytes)
  if (!text.includes('\\')) return JSON.parse(text)
  const parsed = parseStrictJson(text)
  return parsed.ok ? parsed.value : undefined
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

/** The members written in the text (each has one colon outside strings), or undefined if too deep. */
function countMembers(text: string, maxDepth: number): number | undefined {
  let members = 0
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(text, at)
        break
      case COLON:
        members++
        break
      case OPEN_BRACE:
      case OPEN_BRACKET:
        depth++
        if (!(depth <= maxDepth)) return undefined
        break
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        depth--
        break
      default:
    }
  }
  return members
}

/** Valid UTF-8 has no surrogates, so they come by \u escapes or in a string the caller made. */
function mayHoldLoneSurrogate(bytes: Uint8Array | string, text: string): boolean {
  return text.includes('\\u') || (typeof bytes === 'string' && !text.isWellFormed())
}

/**
 * JSON.parse keeps one member of each name, so a duplicate shows as fewer members in the value
 * than in the text, at any depth and without a set of names per object. Names that were written
 * with escapes are put back on the way.
 */
function checkContent(
  root: unknown,
  membersInText: number,
  checkStrings: boolean,
  nameOf: ReadonlyMap<string, string> | undefined,
): StrictJsonFailure | undefined {
  const pending: unknown[] = [root]
  let members = 0
  while (pending.length > 0) {
    const value = pending.pop()
    if (typeof value === 'string') {
      if (checkStrings && !value.isWellFormed()) return 'lone_surrogate'
    } else if (Array.isArray(value)) {
      for (const element of value) if (mayHoldMore(element, checkStrings)) pending.push(element)
    } else if (isRecord(value)) {
      for (const key of Object.keys(value)) {
        const name = nameOf?.get(key) ?? key
        if (name === '__proto__') return 'forbidden_member'
        if (checkStrings && !name.isWellFormed()) return 'lone_surrogate'
        if (name !== key && !renameMember(value, key, name)) return 'duplicate_member'
        members++
        const inner = value[name]
        if (mayHoldMore(inner, checkStrings)) pending.push(inner)
      }
    }
  }
  return members === membersInText ? undefined : 'duplicate_member'
}

/** Most values are numbers and good texts, about which there is nothing to say. */
function mayHoldMore(value: unknown, checkStrings: boolean): boolean {
  return typeof value === 'object' ? value !== null : checkStrings
}

/** False when there is a member of the new name already. */
function renameMember(object: Record<string, unknown>, from: string, to: string): boolean {
  if (Object.hasOwn(object, to)) return false
  const descriptor = Object.getOwnPropertyDescriptor(object, from) ?? {}
  Reflect.deleteProperty(object, from)
  return Reflect.defineProperty(object, to, descriptor)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
