import { h } from './dom.js'

/**
 * A value as indented JSON, in colours.
 *
 * @param {unknown} value
 */
export function jsonBlock(value) {
  const parts = splitJson(JSON.stringify(value, null, 2) ?? '')
  const spans = parts.map(({ kind, text }) => (kind ? h('span', { class: kind }, text) : text))
  return h('pre', { class: 'code', tabindex: '0' }, h('code', {}, ...spans))
}

/** @param {string} text */
export function textBlock(text) {
  return h('pre', { class: 'code', tabindex: '0' }, h('code', {}, text))
}

/**
 * @param {string} json
 * @returns {{ kind: 'name' | 'string' | 'number' | 'word' | undefined, text: string }[]}
 */
export function splitJson(json) {
  const pattern = /("(?:\\.|[^"\\])*")(\s*:)?|(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)|(true|false|null)/gi
  /** @type {ReturnType<typeof splitJson>} */
  const parts = []
  let end = 0
  for (const match of json.matchAll(pattern)) {
    if (match.index > end) parts.push({ kind: undefined, text: json.slice(end, match.index) })
    const [whole, string, colon, number] = match
    if (string !== undefined) {
      parts.push({ kind: colon === undefined ? 'string' : 'name', text: string })
      if (colon !== undefined) parts.push({ kind: undefined, text: colon })
    } else {
      parts.push({ kind: number === undefined ? 'word' : 'number', text: whole })
    }
    end = match.index + whole.length
  }
  if (end < json.length) parts.push({ kind: undefined, text: json.slice(end) })
  return parts
}
