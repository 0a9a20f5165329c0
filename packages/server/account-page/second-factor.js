// The second factor that a link of a mail asks for: whoever has several chooses one of them.

import { input } from './fields.js'

/**
 * @typedef {'totp' | 'passkey' | 'recovery' | 'email' | 'password'} Factor
 * @typedef {{ name: string, field?: import('./fields.js').Look }} Kind
 */

/** @type {Readonly<Record<Factor, Kind>>} */
const kinds = {
  totp: {
    name: 'Authenticator app',
    field: { label: 'Code of the app', type: 'text', autocomplete: 'one-time-code', digits: true },
  },
  passkey: { name: 'Passkey or security key' },
  email: {
    name: 'Code by mail',
    field: { label: 'Code of the mail', type: 'text', autocomplete: 'one-time-code', digits: true },
  },
  recovery: {
    name: 'Recovery code',
    field: { label: 'Recovery code', type: 'text', autocomplete: 'off' },
  },
  password: {
    name: 'Password',
    field: { label: 'Password', type: 'password', autocomplete: 'current-password' },
  },
}

/** Those that this page can ask for, in the order in which it offers them. */
const order = /** @type {const} */ (['totp', 'passkey', 'email', 'recovery', 'password'])

/**
 * Asks for one of these, in place of what was asked for before.
 * @param {HTMLElement} place
 * @param {readonly string[]} possible
 * @param {(factor: Factor) => void} onChoice also for the one that is offered first
 */
export function offerFactors(place, possible, onChoice) {
  const offered = order.filter((factor) => possible.includes(factor))
  const [first] = offered
  if (first === undefined) return
  const group = document.createElement('fieldset')
  const legend = document.createElement('legend')
  legend.textContent = 'Prove that it is you'
  const field = document.createElement('div')
  const choose = (/** @type {Factor} */ factor) => {
    const look = kinds[factor].field
    field.replaceChildren(...(look ? input('code', { ...look, required: true }) : []))
    onChoice(factor)
  }
  const choices = offered.map((factor) => choice(factor, factor === first, choose))
  group.append(legend, ...(offered.length > 1 ? choices : []), field)
  place.replaceChildren(group)
  choose(first)
  const focused = field.querySelector('input') ?? group.querySelector('input')
  focused?.focus()
}

/**
 * @param {Factor} factor
 * @param {boolean} checked
 * @param {(factor: Factor) => void} choose
 */
function choice(factor, checked, choose) {
  const button = document.createElement('input')
  // The name makes one choice of them. It is no part of what is sent: `choose` tells which it is.
  Object.assign(button, { type: 'radio', id: `factor-${factor}`, name: 'factor', value: factor })
  button.checked = checked
  button.addEventListener('change', () => choose(factor))
  const caption = document.createElement('label')
  caption.className = 'choice'
  caption.append(button, ` ${kinds[factor].name}`)
  return caption
}
