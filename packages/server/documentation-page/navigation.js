import { find, h } from './dom.js'
import { methodBadge } from './operation.js'

/** @import { Operation } from './types.ts' */

/**
 * The list of operations at the side, with the field that filters both it and the page.
 *
 * @param {{ name: string, operations: Operation[] }[]} groups
 */
export function fillNavigation(groups) {
  const list = find('operations')
  for (const { name, operations } of groups) {
    const links = operations.map((operation) =>
      h(
        'li',
        { 'data-words': wordsOf(operation) },
        h(
          'a',
          { href: `#${operation.operationId}` },
          methodBadge(operation.method),
          h('span', {}, operation.summary),
        ),
      ),
    )
    list.append(
      h(
        'li',
        {},
        h('a', { class: 'group', href: `#${groupId(name)}` }, name),
        h('ul', {}, ...links),
      ),
    )
  }
  list.append(
    h('li', {}, h('a', { class: 'group', href: '#schemas' }, 'Schemas')),
    h('li', {}, h('a', { class: 'group', href: '#problems' }, 'Problems')),
  )
  /** @type {HTMLDetailsElement} */
  const menu = find('menu')
  const isWide = matchMedia('(min-width: 60rem)')
  menu.open = isWide.matches
  isWide.addEventListener('change', () => (menu.open = isWide.matches))
  list.addEventListener('click', (event) => {
    if (event.target instanceof Element && event.target.closest('a') && !isWide.matches)
      menu.open = false
  })
  prepareFilter(menu)
}

/** @param {string} name of a tag */
export function groupId(name) {
  return `group-${name.toLowerCase().replaceAll(' ', '-')}`
}

/** @param {Operation} operation */
export function wordsOf({ method, path, summary, operationId, tags }) {
  return [method, path, summary, operationId, ...tags].join(' ').toLowerCase()
}

/** @param {HTMLDetailsElement} menu */
function prepareFilter(menu) {
  /** @type {HTMLInputElement} */
  const filter = find('filter')
  filter.addEventListener('input', () => {
    const wanted = filter.value.toLowerCase().split(/\s+/)
    /** @type {NodeListOf<HTMLElement>} */
    const items = document.querySelectorAll('[data-words]')
    for (const item of items) {
      item.hidden = !wanted.every((word) => item.dataset['words']?.includes(word))
    }
  })
  document.addEventListener('keydown', (event) => {
    const isTyping = event.target instanceof Element && event.target.matches('input, textarea')
    if (event.key === '/' && !isTyping && !event.ctrlKey && !event.metaKey) {
      event.preventDefault()
      menu.open = true
      filter.focus()
    } else if (event.key === 'Escape' && event.target === filter) {
      filter.value = ''
      filter.dispatchEvent(new Event('input'))
    }
  })
}

/** Opens the operation that the address names, shows it, and marks it in the list. */
export function openNamedOperation() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)))
  if (target instanceof HTMLDetailsElement) target.open = true
  target?.scrollIntoView()
  for (const link of document.querySelectorAll('nav a')) {
    if (link.getAttribute('href') === location.hash) link.setAttribute('aria-current', 'true')
    else link.removeAttribute('aria-current')
  }
}
