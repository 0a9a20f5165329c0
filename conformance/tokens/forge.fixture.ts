// Tokens that a forger would try. Where the key is a shared secret, the suite can sign: then a token is right in all but
// one thing, and that one has to be what refuses it.

import { createHmac } from 'node:crypto'
import type { JsonObject } from '../client/call.fixture.ts'
import { claimsOf, headerOf } from '../client/people.fixture.ts'

/** A header or payload: an object, or the text or the bytes in its place. */
export type Part = JsonObject | string | Uint8Array

export function encodePart(part: Part): string {
  const isRaw = typeof part === 'string' || part instanceof Uint8Array
  return Buffer.from(isRaw ? part : JSON.stringify(part)).toString('base64url')
}

/** Signs header and payload with HS256, whatever they say; text is taken as it is. */
export function signHs256(key: string | Uint8Array, header: Part, payload: Part): string {
  const input = `${encodePart(header)}.${encodePart(payload)}`
  return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`
}

/** A forger's view of one good token. */
export interface Specimen {
  readonly token: string
  readonly header: JsonObject
  readonly claims: JsonObject
  readonly parts: readonly [string, string, string]
}

export function dissect(token: string): Specimen {
  const [header = '', payload = '', signature = ''] = token.split('.')
  return {
    token,
    header: headerOf(token),
    claims: claimsOf(token),
    parts: [header, payload, signature],
  }
}

/** Other spellings of a good token: each decodes to the same bytes for a lenient reader. */
export function oddSpellings({ token, parts }: Specimen): Readonly<Record<string, string>> {
  const [header, payload, signature] = parts
  const spellings = {
    'padding on the header': `${header}=.${payload}.${signature}`,
    'padding on the payload': `${header}.${payload}=.${signature}`,
    'padding on the signature': `${header}.${payload}.${signature}=`,
    'double padding': `${header}.${payload}.${signature}==`,
    'the other alphabet': token.replaceAll('-', '+').replaceAll('_', '/'),
    'a bit more in the signature': `${header}.${payload}.${nextCharacter(signature)}`,
    'a bit more in the header': `${nextCharacter(header)}.${payload}.${signature}`,
    'a character more': `${token}A`,
    'a character less': token.slice(0, -1),
    'a blank inside': `${header}. ${payload}.${signature}`,
    'a tab inside': `${header}.\t${payload}.${signature}`,
    'percent encoding': token.replaceAll('.', '%2E'),
    quotes: `"${token}"`,
    'a comma behind': `${token},`,
    'a semicolon behind': `${token};`,
    'another token behind': `${token}, Bearer ${token}`,
    'four parts': `${token}.${signature}`,
    'an empty fourth part': `${token}.`,
    'five parts': `${header}.${payload}.${signature}.${payload}.${signature}`,
    'two parts': `${header}.${payload}`,
    'no header': `.${payload}.${signature}`,
    'no payload': `${header}..${signature}`,
    'no signature': `${header}.${payload}.`,
    'dots alone': '..',
    'the JSON serialisation': JSON.stringify({ protected: header, payload, signature }),
    'the general serialisation': JSON.stringify({
      payload,
      signatures: [{ protected: header, signature }],
    }),
    'letters of another case': token.toUpperCase(),
    'the scheme twice': `Bearer ${token}`,
  }
  // Not every token has a character that the other alphabet spells otherwise.
  return Object.fromEntries(Object.entries(spellings).filter(([, text]) => text !== token))
}

// The last character carries unused bits unless the length is a multiple of four.
function nextCharacter(part: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const last = alphabet.indexOf(part.at(-1) ?? '')
  return part.slice(0, -1) + (alphabet[last ^ 1] ?? 'A')
}
