/**
 * Makes an element. Text stays text: nothing here can turn a string into markup.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | boolean | undefined>} [attributes] `true` for an attribute without a value
 * @param {...(Node | string | undefined | false)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue
    element.setAttribute(name, value === true ? '' : value)
  }
  element.append(...children.filter((child) => child !== undefined && child !== false))
  return element
}

/**
 * @param {string} label
 * @param {() => unknown} onClick
 * @param {Record<string, string>} [attributes]
 */
export function button(label, onClick, attributes = {}) {
  const element = h('button', { type: 'button', ...attributes }, label)
  element.addEventListener('click', () => void onClick())
  return element
}

/**
 * A button that copies what the function answers, and says so for a moment.
 *
 * @param {string} label
 * @param {() => string} read
 */
export function copyButton(label, read) {
  const element = button(label, async () => {
    try {
      await navigator.clipboard.writeText(read())
      element.textContent = 'Copied'
    } catch {
      element.textContent = 'Copying is not allowed here'
    }
    setTimeout(() => (element.textContent = label), 1500)
  })
  element.classList.add('quiet')
  return element
}

/**
 * What may be wider than the screen scrolls by itself, with the keyboard as well.
 *
 * @param {string} label
 * @param {HTMLElement} content
 */
export function scrolling(label, content) {
  return h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': label }, content)
}

/**
 * An element that index.html promises.
 *
 * @template {HTMLElement} [Type=HTMLElement]
 * @param {string} id
 * @returns {Type}
 */
export function find(id) {
  const element = document.getElementById(id)
  if (element === null) throw new Error(`index.html has no #${id}`)
  return /** @type {Type} */ (element)
}
