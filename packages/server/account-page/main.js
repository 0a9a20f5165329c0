// Where the links of mails lead. Opening one does nothing, so that a scanner that follows it spends nothing: the token
// stands behind the #, which is sent nowhere, and only the button sends it.

/**
 * @typedef {'newPassword' | 'password' | 'code'} Field
 * @typedef {{ title: string, explanation: string, path: string, fields: readonly Field[], done: string, body?: object }} Act
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

/** @type {Readonly<Record<Field, { label: string, type: string, autocomplete: AutoFill }>>} */
const inputs = {
  newPassword: { label: 'New password', type: 'password', autocomplete: 'new-password' },
  password: { label: 'Present password', type: 'password', autocomplete: 'current-password' },
  code: { label: 'Second factor', type: 'text', autocomplete: 'one-time-code' },
}

const act = acts[location.pathname.split('/').at(-1) ?? '']
const token = location.hash.slice(1)
// Neither the history nor a shoulder keeps it.
history.replaceState(null, '', location.pathname)

/** @type {string | undefined} */
let factor

if (act && token !== '') show(act)
else tell('This page is for the links that come by mail.', true)

/** @param {Act} shown */
function show({ title, explanation, fields }) {
  document.title = title
  element('title').textContent = title
  element('explanation').textContent = explanation
  for (const field of fields) addField(field)
  const form = /** @type {HTMLFormElement} */ (element('form'))
  form.hidden = false
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void send(form)
  })
}

/** @param {Field} name */
function addField(name) {
  const { label, type, autocomplete } = inputs[name]
  const input = document.createElement('input')
  Object.assign(input, { id: name, name, type, autocomplete })
  const caption = document.createElement('label')
  caption.htmlFor = name
  caption.textContent = label
  element('fields').append(caption, input)
}

/** @param {HTMLFormElement} form */
async function send(form) {
  if (!act) return
  const typed = [...new FormData(form)].filter(([, value]) => value !== '')
  const body = { token, ...Object.fromEntries(typed), ...(factor !== undefined && { factor }) }
  const answer = await fetch(new URL(`../${act.path}`, location.href), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (answer.ok) {
    form.hidden = true
    tell(act.done, false)
    return
  }
  const failure = /** @type {{ code: string, message: string, factors?: string[] }} */ (
    await answer.json()
  )
  if (failure.code === 'mfa_required' && factor === undefined) askForFactor(failure.factors ?? [])
  tell(failure.message, true)
}

/** @param {readonly string[]} possible */
function askForFactor(possible) {
  factor = possible.find((kind) => kind === 'totp') ?? possible[0]
  if (factor !== undefined) addField('code')
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
