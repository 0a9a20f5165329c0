// Tabs: what the tabs of one origin tell each other, so that one refresh serves them all. Tokens travel from memory to
// memory and are never stored; only the time until which some tab holds one is.

import { pause, tryToStore } from './lock.ts'
import { isUsable, type Tokens } from './tokens.ts'

type Message =
  | { readonly type: 'tokens'; readonly tokens: Tokens; readonly signedIn: boolean }
  | { readonly type: 'signed_out'; readonly reason: 'signed_out' | 'ended' }
  | { readonly type: 'ask' }

export interface Tabs {
  /** Hands tokens to the other tabs. */
  share(tokens: Tokens, signedIn: boolean): void
  tellSignedOut(reason: 'signed_out' | 'ended'): void
  /**
   * Tokens that another tab holds and that are still good; undefined when none answers.
   * @param areComing another tab had its turn a moment ago: what it got may still be on its way
   */
  ask(staleToken: string | undefined, areComing: boolean): Promise<Tokens | undefined>
  close(): void
}

export interface TabsParts {
  readonly name: string
  readonly storage: Storage | undefined
  readonly current: () => Tokens | undefined
  readonly onTokens: (tokens: Tokens, signedIn: boolean) => void
  readonly onSignedOut: (reason: 'signed_out' | 'ended') => void
}

// A tab that sleeps does not answer; then we refresh ourselves, which is only one refresh too many.
const answerWithinMs = 300
const arriveWithinMs = 1_000

export function createTabs(parts: TabsParts): Tabs {
  if (typeof BroadcastChannel === 'undefined' || parts.storage === undefined) return alone
  const { name, storage, current } = parts
  const channel = new BroadcastChannel(name)
  const heldUntil = `${name} held until`
  let isClosed = false
  const send = (message: Message): void => {
    // A refresh may end after the client was closed, and a closed channel throws.
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- A channel reaches its own origin alone.
    if (!isClosed) channel.postMessage(message)
  }

  channel.addEventListener('message', ({ data }: MessageEvent<Message>) => {
    if (data.type === 'tokens') parts.onTokens(data.tokens, data.signedIn)
    else if (data.type === 'signed_out') parts.onSignedOut(data.reason)
    else {
      const tokens = current()
      if (isUsable(tokens)) send({ type: 'tokens', tokens, signedIn: false })
    }
  })
  return {
    share: (tokens, signedIn) => {
      tryToStore(storage, heldUntil, `${tokens.expiresAt}`)
      send({ type: 'tokens', tokens, signedIn })
    },
    tellSignedOut: (reason) => {
      storage.removeItem(heldUntil)
      send({ type: 'signed_out', reason })
    },
    ask: async (staleToken, areComing) => {
      const deadline = Date.now() + (areComing ? arriveWithinMs : answerWithinMs)
      // The lock, the storage and the channel reach another process in any order: after a wait for the lock the storage
      // is not to be trusted.
      const isHeld = Number(storage.getItem(heldUntil) ?? 0) > Date.now()
      if (!isHeld && !areComing) return undefined
      send({ type: 'ask' })
      while (Date.now() < deadline) {
        await pause(10)
        const tokens = current()
        if (isUsable(tokens, staleToken)) return tokens
      }
      return undefined
    },
    close: () => {
      isClosed = true
      channel.close()
    },
  }
}

/** Node, and pages that may not store anything: nobody to talk to. */
const alone: Tabs = {
  share: () => undefined,
  tellSignedOut: () => undefined,
  ask: async () => undefined,
  close: () => undefined,
}
