import type { Change, ChangeReason } from './client.ts'
import type { Profile } from './contract.generated.ts'
import type { Tokens } from './tokens.ts'

/** Who is signed in as far as this context knows, and who wants to hear of changes. */
export class SessionState {
  #tokens: Tokens | undefined
  #user: Profile | null | undefined
  readonly #listeners = new Set<(change: Change) => void>()
  #onTokens: (() => void) | undefined

  get tokens(): Tokens | undefined {
    return this.#tokens
  }

  /** Undefined as long as nobody has looked. */
  get user(): Profile | null | undefined {
    return this.#user
  }

  /** Takes over tokens from the server or from another tab. */
  adopt(tokens: Tokens, signedIn: boolean): void {
    const before = this.#user
    this.#tokens = tokens
    this.#user = tokens.user
    this.#onTokens?.()
    if (signedIn || before === null) this.#tell('signed_in')
    else if (before === undefined) this.#tell('restored')
    else if (before.id !== tokens.user.id) this.#tell('signed_in')
    else if (JSON.stringify(before) !== JSON.stringify(tokens.user)) this.#tell('updated')
  }

  clear(reason: 'signed_out' | 'ended'): void {
    const before = this.#user
    this.#tokens = undefined
    this.#user = null
    // Somebody who was never signed in here does not hear that a session ended.
    if (before) this.#tell(reason)
  }

  onChange(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Calls the one who refreshes ahead whenever there are new tokens. */
  onTokens(listener: (() => void) | undefined): void {
    this.#onTokens = listener
  }

  #tell(reason: ChangeReason): void {
    const change: Change = { user: this.#user ?? null, reason }
    for (const listener of this.#listeners) {
      // A listener that throws is its owner's to see and keeps nobody else from hearing.
      try {
        listener(change)
      } catch (error) {
        reportError(error)
      }
    }
  }
}

function reportError(error: unknown): void {
  setTimeout(() => {
    throw error
  })
}
