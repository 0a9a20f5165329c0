// Where the links of mails lead. Opening one does nothing, so that a scanner that follows it spends nothing: the token
// stands behind the #, which is sent nowhere, and only the button sends it. Some mails know of no act and have no token:
// their link leads to a form that has another mail sent.

import { input } from './fields.js'
import { askPasskey } from './passkey.js'
import { offerFactors } from './second-factor.js'

/**
 * @typedef {'newPassword' | 'password' | 'email'} Field
 * @typedef {{ title: string, explanation: string, path: string, fields: readonly Field[], button?: string, done: string }} Act
 * @typedef {import('./passkey.js').PasskeyOptions} PasskeyOptions
 * @typedef {{ code: string, message: string, factors?: string[], passkey?: PasskeyOptions, mfaToken?: string }} Failure
 */

/** @type {Readonly<Record<string, Act>>} */
const acts = {
  'reset-password': {
    title: 'Choose a new password',
    explanation: 'Every device that is logged in will be logged out.',
    path: 'api/auth/password/reset',
    fields: ['newPassword'],
    done: 'The password is set. You can log in with it now.',
  },
  'verify-email': {
    title: 'Verify your address',
    explanation:
      'Enter the password of the account. If you do not know it, leave it empty and choose a new one: whatever was there before ends.',
    path: 'api/auth/email/verify',
    fields: ['password', 'newPassword'],
    done: 'Your address is verified.',
  },
  'change-email': {
    title: 'Confirm your new address',
    explanation: 'Your account will use this address from now on.',
    path: 'api/auth/email/confirm',
    fields: [],
    done: 'Your account has its new address.',
  },
  'undo-email': {
    title: 'Take your account back',
    explanation:
      'Your old address comes back, and every device is logged out. Choose a new password.',
    path: 'api/auth/email/undo',
    fields: ['newPassword'],
    done: 'The account is yours again. Log in with the new password.',
  },
  'sign-in-link': {
    title: 'Log in',
    explanation: 'Log in on this device.',
    path: 'api/auth/link/verify',
    fields: [],
    done: 'You are logged in.',
  },
}

/** @type {Pick<Act, 'path' | 'fields' | 'button' | 'done'>} */
const forgotten = {
  path: 'api/auth/password/forgot',
  fields: ['email'],
  button: 'Send the mail',
  // The same for every address: strangers must not learn here who has an account.
  done: 'If an account has verified this address, a mail is on its way. If none comes, load this page again and check the address.',
}

/** What can be done without a token. @type {Readonly<Record<string, Act>>} */
const requests = {
  'reset-password': {
    ...forgotten,
    title: 'Reset your password',
    explanation:
      'Enter the address of your account. A mail brings a link to choose a new password with.',
  },
  'sign-in': {
    ...forgotten,
    title: 'Log in or reset your password',
    explanation:
      'Log in where you use the account. If you do not know its password, enter its address here: a mail brings a link to choose a new one with.',
  },
}

/** @type {Readonly<Record<Field, import('./fields.js').Look>>} */
const inputs = {
  newPassword: { label: 'New password', type: 'password', autocomplete: 'new-password' },
  password: { label: 'Present password', type: 'password', autocomplete: 'current-password' },
  email: { label: 'E-mail address', type: 'email', autocomplete: 'email', required: true },
}

const token = location.hash.slice(1)
const act = (token === '' ? requests : acts)[location.pathname.split('/').at(-1) ?? '']
// Neither the history nor a shoulder keeps it.
history.replaceState(null, '', location.pathname)
// Another link in the same tab changes only what is behind the #, and the browser would keep this page: what was typed,
// asked and answered here is of the link before. One that came while this page was loading has been read above.
addEventListener('hashchange', () => {
  if (location.hash !== '') location.reload()
})

/** What the second factor answers, once it is asked for. */
const asked = {
  /** @type {import('./second-factor.js').Factor | undefined} */
  factor: undefined,
  /** Good for one answer. @type {PasskeyOptions | undefined} */
  passkey: undefined,
  /** Of a log-in that waits; where there is none, the link is sent again. @type {string | undefined} */
  mfaToken: undefined,
}

if (act) show(act)
else tell('This page is for the links that come by mail.', true)

/** @param {Act} shown */
function show(shown) {
  const { title, explanation, fields, button = 'Confirm' } = shown
  document.title = title
  element('title').textContent = title
  element('explanation').textContent = explanation
  element('fields').append(...fields.flatMap((field) => input(field, inputs[field])))
  element('submit').textContent = button
  const form = /** @type {HTMLFormElement} */ (element('form'))
  form.hidden = false
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void submit(shown, form)
  })
}

/**
 * @param {Act} shown
 * @param {HTMLFormElement} form
 */
async function submit(shown, form) {
  const button = /** @type {HTMLButtonElement} */ (element('submit'))
  button.disabled = true
  try {
    const failure = await send(shown, new FormData(form))
    if (failure === undefined) {
      form.hidden = true
      tell(shown.done, false)
      return
    }
    const isAsked = failure.code === 'mfa_required'
    if (isAsked) askForFactor(failure)
    tell(failure.message, !isAsked)
  } catch (error) {
    // The browser says so when its user turned the passkey down.
    const isPasskey = error instanceof DOMException
    tell(isPasskey ? 'The passkey was not used.' : 'The service cannot be reached.', true)
  } finally {
    button.disabled = false
  }
}

/**
 * @param {Act} shown
 * @param {FormData} form
 * @returns {Promise<Failure | undefined>} undefined when it is done
 */
async function send({ path }, form) {
  const {
    code,
    factor: _chosen,
    ...typed
  } = Object.fromEntries([...form].filter(([, value]) => value !== ''))
  const body = token === '' ? typed : { token, ...typed }
  const { factor, mfaToken } = asked
  if (factor === undefined) return post(path, body)
  if (factor === 'passkey') return sendPasskey(path, body)
  return mfaToken === undefined
    ? post(path, { ...body, factor, code })
    : post('api/auth/mfa', { mfaToken, factor, code })
}

/**
 * @param {string} path
 * @param {object} body
 * @returns {Promise<Failure | undefined>}
 */
async function sendPasskey(path, body) {
  const { mfaToken } = asked
  if (asked.passkey === undefined) {
    const refused = await (mfaToken === undefined
      ? post(path, body)
      : post('api/auth/mfa/passkey/options', { mfaToken }, keepPasskey))
    if (refused?.passkey) keepPasskey(refused.passkey)
    if (asked.passkey === undefined) return refused
  }
  const { passkey } = asked
  // Its challenge is spent with the answer, whatever comes of it.
  asked.passkey = undefined
  const response = await askPasskey(passkey)
  return mfaToken === undefined
    ? post(path, { ...body, factor: 'passkey', response })
    : post('api/auth/mfa/passkey', { mfaToken, response })
}

/** @param {PasskeyOptions} options */
function keepPasskey(options) {
  asked.passkey = options
}

/**
 * @param {string} path
 * @param {object} body
 * @param {(answer: PasskeyOptions) => void} [onAnswer]
 * @returns {Promise<Failure | undefined>} undefined when it is done
 */
async function post(path, body, onAnswer) {
  const answer = await fetch(new URL(`../${path}`, location.href), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!answer.ok) return answer.json()
  onAnswer?.(await answer.json())
  return undefined
}

/** @param {Failure} failure */
function askForFactor({ factors = [], passkey, mfaToken }) {
  asked.passkey = passkey
  asked.mfaToken = mfaToken
  offerFactors(element('factors'), factors, (factor) => {
    asked.factor = factor
    element('submit').textContent = factor === 'passkey' ? 'Use a passkey' : 'Confirm'
  })
}

/**
 * @param {string} message
 * @param {boolean} failed
 */
function tell(message, failed) {
  const outcome = element('outcome')
  outcome.textContent = message
  outcome.toggleAttribute('data-failed', failed)
}

/** @param {string} id */
function element(id) {
  const found = document.getElementById(id)
  if (!found) throw new Error(`The page has lost ${id}`)
  return found
}
