import { parseKnownJson, parseStrictJson } from './strict-json.ts'

/** The members of a JSON object, none of them checked. */
export type JsonObject = Record<string, unknown>

/** Parses bytes that must hold one JSON object; undefined when they do not. */
export function parseJsonObject(bytes: Uint8Array): JsonObject | undefined {
  const parsed = parseStrictJson(bytes)
  return parsed.ok && isJsonObject(parsed.value) ? parsed.value : undefined
}

/** Parses bytes that {@link parseJsonObject} took before, to the letter. */
export function parseKnownObject(bytes: Uint8Array): JsonObject {
  return parseKnownJson(bytes) as JsonObject
}

/** Whether a value is an object with members, so neither null nor an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
