import { type Change, CountersignError, createClient, type Profile } from '@countersign/client'

const client = createClient()

const entrance = find('#entrance', HTMLFormElement)
const repeat = find('#repeat', HTMLInputElement)

client.onChange(({ user, reason }: Change) => {
  show(user)
  const change = document.createElement('li')
  change.textContent = reason
  find('#changes', HTMLElement).append(change)
})

entrance.addEventListener('submit', (event) => {
  event.preventDefault()
  const isNew = event.submitter instanceof HTMLButtonElement && event.submitter.value === 'register'
  void attempt(() => enter(isNew))
})
find('#log-out', HTMLElement).addEventListener('click', () => void attempt(() => client.logout()))
find('#with-passkey', HTMLElement).addEventListener(
  'click',
  () => void attempt(async () => void (await client.passkeys.login())),
)
find('#add-passkey', HTMLElement).addEventListener('click', () => void attempt(addPasskey))
find('#call', HTMLElement).addEventListener('click', () => void attempt(callApi))
repeat.addEventListener('change', () => void callAgainAndAgain())

void attempt(async () => show(await client.ready()))

async function enter(isNew: boolean): Promise<void> {
  const credentials = {
    username: find('[name=username]', HTMLInputElement).value,
    password: find('[name=password]', HTMLInputElement).value,
  }
  if (isNew) await client.register(credentials)
  await client.login(credentials)
  entrance.reset()
}

async function addPasskey(): Promise<void> {
  const { name } = await client.passkeys.add({ name: 'This device' })
  find('#answer', HTMLElement).textContent = `Added: ${name}`
}

async function callApi(): Promise<void> {
  // As the global fetch; the client sees to it that the token is a good one.
  const answer = await client.fetch('/greeting')
  const { message } = await answer.json()
  const counter = find(answer.ok ? '#answers' : '#refusals', HTMLOutputElement)
  counter.value = `${Number(counter.value) + 1}`
  find('#answer', HTMLElement).textContent = message
}

async function callAgainAndAgain(): Promise<void> {
  while (repeat.checked) {
    await attempt(callApi)
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}

function show(user: Profile | null): void {
  find('#user', HTMLElement).textContent = user?.username ?? 'Nobody is signed in.'
  entrance.hidden = user !== null
  find('#inside', HTMLElement).hidden = user === null
  if (user === null) repeat.checked = false
}

/** What fails is shown, and the user may try again: being offline signs nobody out. */
async function attempt(work: () => Promise<void>): Promise<void> {
  const problem = find('#problem', HTMLElement)
  try {
    await work()
    problem.textContent = ''
  } catch (error) {
    // A DOMException is the browser's, or its user's, no to a passkey.
    const isKnown = [CountersignError, TypeError, DOMException].some(
      (kind) => error instanceof kind,
    )
    if (!isKnown) throw error
    problem.textContent = (error as Error).message
  }
}

function find<T extends HTMLElement>(selector: string, type: new () => T): T {
  const element = document.querySelector(selector)
  if (element instanceof type) return element
  throw new Error(`There is no ${selector}`)
}
