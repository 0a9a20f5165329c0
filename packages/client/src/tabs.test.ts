import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { createLock } from './lock.ts'
import { createTabs, type Tabs } from './tabs.ts'
import type { Tokens } from './tokens.ts'

const tokens: Tokens = {
  accessToken: 'a',
  csrfToken: 'c',
  lifeMs: 900_000,
  expiresAt: Date.now() + 900_000,
  user: { id: 'x', username: 'ada', role: 'user', roles: [], createdAt: '', updatedAt: '' },
}

describe('the talk between tabs', () => {
  test('ends with close: what a refresh brings afterwards is no failure', async (t) => {
    const tabs = open(t, createStorage())
    tabs.close()
    tabs.share(tokens, false)
    tabs.tellSignedOut('ended')
    assert.equal(await tabs.ask(undefined, false), undefined)
  })

  test('goes on where nothing more can be stored: whoever logged in is logged in', async (t) => {
    const heard: Tokens[] = []
    open(t, createStorage(), (theirs) => heard.push(theirs))
    const full = open(t, createStorage({ isFull: true }))
    full.share(tokens, true)
    while (heard.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    assert.deepEqual(heard, [tokens])
  })
})

test('a turn is taken alone where it cannot be written down', async () => {
  const locked = createLock('lock', createStorage({ isFull: true }), undefined)
  assert.equal(await locked(async () => 'done'), 'done')
})

function open(
  t: TestContext,
  storage: Storage,
  onTokens: (tokens: Tokens) => void = () => undefined,
): Tabs {
  const tabs = createTabs({
    name: 'tabs',
    storage,
    current: () => undefined,
    onTokens,
    onSignedOut: () => undefined,
  })
  t.after(() => tabs.close())
  return tabs
}

/** As browsers have one, also when other scripts of the page have filled it. */
function createStorage({ isFull = false } = {}): Storage {
  const items = new Map<string, string>()
  return {
    get length() {
      return items.size
    },
    key: (index) => [...items.keys()][index] ?? null,
    getItem: (name) => items.get(name) ?? null,
    setItem: (name, value) => {
      if (isFull) throw new DOMException('The quota has been exceeded.', 'QuotaExceededError')
      items.set(name, value)
    },
    removeItem: (name) => void items.delete(name),
    clear: () => items.clear(),
  }
}
