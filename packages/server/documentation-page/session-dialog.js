import { button, copyButton, find, h } from './dom.js'
import { CallFailed } from './session.js'

/** @import { Session } from './session.js' */

/**
 * The dialog that logs in, and shows who is logged in. The browser keeps the focus inside it and closes it on Escape.
 *
 * @param {Session} session
 * @returns {() => void} opens it
 */
export function sessionDialog(session) {
  /** @type {HTMLDialogElement} */
  const dialog = find('session')
  const opener = find('session-button')
  const show = () => {
    dialog.replaceChildren(
      ...(session.isLoggedIn ? stateView(session, dialog) : logInView(session, dialog)),
    )
  }
  const open = () => {
    show()
    dialog.showModal()
  }
  const tick = () => {
    const { user } = session
    opener.replaceChildren(
      ...(user
        ? [
            h('span', { class: 'name' }, user.username),
            h('span', { class: 'time' }, formatLeft(session)),
          ]
        : ['Log in']),
    )
    const left = dialog.querySelector('.left')
    if (left) left.textContent = formatLeft(session)
  }
  session.addEventListener('change', () => {
    tick()
    if (dialog.open) show()
  })
  opener.addEventListener('click', open)
  // A click on the backdrop is one on the dialog itself.
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close()
  })
  setInterval(tick, 1000)
  tick()
  return open
}

/** @param {Session} session */
function formatLeft(session) {
  const seconds = session.secondsLeft(Date.now())
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

/**
 * @param {Session} session
 * @param {HTMLDialogElement} dialog
 */
function logInView(session, dialog) {
  const username = h('input', {
    id: 'username',
    name: 'username',
    required: true,
    autofocus: true,
    autocomplete: 'username',
    autocapitalize: 'none',
    spellcheck: 'false',
  })
  const password = h('input', {
    id: 'password',
    name: 'password',
    type: 'password',
    required: true,
    autocomplete: 'current-password',
  })
  const failure = h('p', { class: 'failure', role: 'alert' })
  const logIn = h('button', { type: 'submit' }, 'Log in')
  const register = h('button', { type: 'submit', class: 'quiet' }, 'Register and log in')
  const form = h(
    'form',
    {},
    h('h2', { id: 'session-title' }, 'Log in'),
    h(
      'p',
      {},
      'Then calls from this page carry your access token, and it is refreshed when it ends.',
    ),
    h('div', { class: 'field' }, h('label', { for: 'username' }, 'User name'), username),
    h('div', { class: 'field' }, h('label', { for: 'password' }, 'Password'), password),
    failure,
    h(
      'div',
      { class: 'actions' },
      logIn,
      register,
      button('Close', () => dialog.close(), { class: 'quiet' }),
    ),
  )
  /** @param {boolean} isNew */
  const submit = async (isNew) => {
    failure.textContent = await attempt(() =>
      isNew
        ? session.register(username.value, password.value)
        : session.logIn(username.value, password.value),
    )
    if (session.isLoggedIn) dialog.close()
  }
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void submit(event.submitter === register)
  })
  return [form]
}

/**
 * @param {Session} session
 * @param {HTMLDialogElement} dialog
 */
function stateView(session, dialog) {
  const { user, token = '', csrfToken = '' } = session
  const failure = h('p', { class: 'failure', role: 'alert' })
  /** @param {() => Promise<void>} act */
  const act = async (act) => {
    failure.textContent = await attempt(act)
  }
  return [
    h('h2', { id: 'session-title' }, user?.username ?? 'Logged in'),
    h(
      'dl',
      {},
      h('dt', {}, 'Role'),
      h('dd', {}, user?.role ?? ''),
      h('dt', {}, 'Access token'),
      h(
        'dd',
        {},
        'ends in ',
        h('span', { class: 'left' }, formatLeft(session)),
        ' ',
        copyButton('Copy token', () => token),
      ),
      h('dt', {}, 'CSRF token'),
      h(
        'dd',
        {},
        copyButton('Copy CSRF token', () => csrfToken),
      ),
      h('dt', {}, 'Refresh token'),
      h(
        'dd',
        {},
        session.refreshToken === undefined
          ? 'in a cookie that no script can read'
          : copyButton('Copy refresh token', () => session.refreshToken ?? ''),
      ),
    ),
    failure,
    h(
      'div',
      { class: 'actions' },
      button('Refresh', () => act(() => session.refresh()), { autofocus: '' }),
      button('Log out', () => act(() => session.logOut()), { class: 'quiet' }),
      button('Log out everywhere', () => act(() => session.logOutEverywhere()), { class: 'quiet' }),
      button('Close', () => dialog.close(), { class: 'quiet' }),
    ),
  ]
}

/**
 * @param {() => Promise<void>} act
 * @returns {Promise<string>} what went wrong, in words
 */
async function attempt(act) {
  try {
    await act()
    return ''
  } catch (error) {
    return error instanceof CallFailed ? error.message : 'The server cannot be reached.'
  }
}
