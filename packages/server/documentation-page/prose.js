import { h } from './dom.js'

/**
 * Paragraphs with code and emphasis, which is all the Markdown that descriptions use.
 *
 * @param {string} text
 * @returns {HTMLElement[]}
 */
export function prose(text) {
  return text.split(/\n{2,}/).map((paragraph) => h('p', {}, ...inline(paragraph)))
}

/**
 * @param {string} text
 * @returns {(Node | string)[]}
 */
export function inline(text) {
  return splitInline(text).map(({ kind, text: part }) =>
    kind === 'text' ? part : h(kind, {}, part),
  )
}

/**
 * @param {string} text
 * @returns {{ kind: 'text' | 'code' | 'strong', text: string }[]}
 */
export function splitInline(text) {
  return text
    .split(/(`[^`]+`|\*\*[^*]+\*\*)/)
    .filter((part) => part !== '')
    .map((part) => {
      if (/^`.+`$/.test(part)) return { kind: 'code', text: part.slice(1, -1) }
      if (/^\*\*.+\*\*$/.test(part)) return { kind: 'strong', text: part.slice(2, -2) }
      return { kind: 'text', text: part }
    })
}
