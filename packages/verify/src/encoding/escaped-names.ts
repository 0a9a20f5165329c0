/**
 * Member names written with escapes need a reader of their own: V8's JSON.parse (at least up to
 * 14.6, nodejs/node#63785) compares them undecoded with names it has met before, so that after
 * `{"h":[],"\\":0}` the text `{"h":1,"\n":2}` comes back with a member `\`. Anyone may send the
 * first text; strings that are values are not affected. So each such name is read as a value, and
 * stands in the text under a plain name until the text is parsed.
 */

const QUOTE = 0x22
const COLON = 0x3a
const BACKSLASH = 0x5c

/** A text without escapes in its member names, and what its stand-ins stand for. */
export interface PlainNamedText {
  text: string
  nameOf: ReadonlyMap<string, string>
}

/** Gives stand-ins to all names with escapes in a valid JSON text; undefined if there are none. */
export function replaceEscapedNames(text: string): PlainNamedText | undefined {
  if (!text.includes('\\')) return undefined
  const nameOf = new Map<string, string>()
  const mark = unusedMark(text)
  let replaced = ''
  let copiedTo = 0
  for (let start = text.indexOf('"'), end = 0; start !== -1; start = text.indexOf('"', end)) {
    end = endOfString(text, start) + 1
    const literal = text.slice(start, end)
    if (!literal.includes('\\') || !isFollowedByColon(text, end)) continue
    const standIn = `${mark}${nameOf.size}`
    nameOf.set(standIn, String(JSON.parse(literal)))
    replaced += `${text.slice(copiedTo, start)}"${standIn}"`
    copiedTo = end
  }
  return nameOf.size === 0 ? undefined : { text: replaced + text.slice(copiedTo), nameOf }
}

/** Where the closing quote of a string stands, or the end of the text if there is none. */
export function endOfString(text: string, openingQuote: number): number {
  let at = openingQuote + 1
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) return at
    at += code === BACKSLASH ? 2 : 1
  }
  return at
}

/** Doubled, so that a text made of marks does not make this quadratic. */
function unusedMark(text: string): string {
  let mark = '#'
  while (text.includes(mark)) mark += mark
  return mark
}

function isFollowedByColon(text: string, from: number): boolean {
  let at = from
  while (' \t\n\r'.includes(text.charAt(at)) && at < text.length) at++
  return text.charCodeAt(at) === COLON
}
