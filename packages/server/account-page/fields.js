/**
 * @typedef {object} Look
 * @property {string} label
 * @property {string} type
 * @property {AutoFill} autocomplete
 * @property {boolean} [digits] a keyboard of digits, where there is one on the screen
 * @property {boolean} [required]
 */

/**
 * A field under its caption.
 * @param {string} name
 * @param {Look} look
 */
export function input(name, { label, type, autocomplete, digits, required }) {
  const field = document.createElement('input')
  Object.assign(field, { id: name, name, type, autocomplete, required: required === true })
  if (digits) field.inputMode = 'numeric'
  const caption = document.createElement('label')
  caption.htmlFor = name
  caption.textContent = label
  return [caption, field]
}
