// Runs on every runtime, where the packages are installed: how a door answers to tokens and to keys. Nothing is imported
// but types, because not every runtime is Node.

import type * as webDoor from '@countersign/verify/web'

/** What is asked, in JSON. */
export interface Questions {
  readonly now: number
  readonly issuer: string
  readonly audience: string
  readonly jwks: { readonly keys: readonly webDoor.VerificationJwk[] }
  /** An HS256 key. */
  readonly secret: webDoor.VerificationJwk
  /** Texts, and what no caller should pass. */
  readonly tokens: readonly unknown[]
  readonly keys: readonly {
    readonly jwk: webDoor.VerificationJwk
    /** Tokens for this key. */
    readonly tokens: readonly string[]
  }[]
}

export interface Answers {
  /** `accepted` with the claims, the reason of the refusal, or `threw`. */
  readonly tokens: readonly string[]
  readonly keys: readonly string[]
}

type Awaitable<T> = T | Promise<T>

/** What both doors have, that of Node and that of the web. */
export interface Door {
  createLocalVerifier(options: never): { readonly verify: (token: never) => unknown }
  importJwks(jwks: webDoor.VerificationJwks): unknown
  importVerificationKey(jwk: webDoor.VerificationJwk): Awaitable<{ readonly kid: string }>
}

export async function answer(door: Door, questions: Questions): Promise<Answers> {
  const { now, issuer, audience, jwks, secret } = questions
  const open = (findKey: unknown) => {
    const options = { issuer, audience, findKey, clock: () => now * 1000 }
    return door.createLocalVerifier(options as never) as Asked
  }
  const shared = await door.importVerificationKey(secret)
  const published = (await door.importJwks(jwks)) as (kid: string) => unknown
  const verifier = open((kid: string) => (kid === shared.kid ? shared : published(kid)))
  const tokens: string[] = []
  for (const token of questions.tokens) tokens.push(await say(verifier, token))
  const keys: string[] = []
  for (const { jwk, tokens: texts } of questions.keys) {
    try {
      const key = await door.importVerificationKey(jwk)
      const own = open(() => key)
      const said: string[] = []
      for (const token of texts) said.push(await say(own, token))
      keys.push(['imported', ...said].join(' '))
    } catch (error) {
      keys.push(error instanceof TypeError ? 'refused' : `threw ${String(error)}`)
    }
  }
  return { tokens, keys }
}

/** A verifier that is asked about whatever there is. */
interface Asked {
  readonly verify: (token: unknown) => unknown
}

async function say(verifier: Asked, token: unknown): Promise<string> {
  try {
    const found = (await verifier.verify(token)) as webDoor.Verification
    return found.ok ? `accepted ${JSON.stringify(found.claims)}` : found.reason
  } catch (error) {
    return `threw ${String(error)}`
  }
}
