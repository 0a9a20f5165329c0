import type { Account } from '../accounts/account.ts'
import { checkStanding } from '../accounts/may-act.ts'
import type { AccountStore } from '../accounts/store.ts'
import { type Factor, isLiving } from '../factors/factor.ts'
import type { FactorStore } from '../factors/store.ts'
import type { Tickets } from '../one-time/tickets.ts'
import type { PasskeyAssertion } from '../routing/passkey-schemas.ts'
import { toUserHandle } from './ceremony-options.ts'
import { openClientData, type PasskeyRefusal } from './client-data.ts'
import { type ChallengeFacts, loadVerification, type RelyingParty } from './relying-party.ts'
import { readPasskey } from './stored-passkey.ts'

export interface AssertionParts {
  readonly relyingParty: RelyingParty
  readonly accounts: Pick<AccountStore, 'findAccount'>
  readonly factors: Pick<FactorStore, 'findFactorByExternalId' | 'swapFactor'>
}

export interface ExpectedAssertion {
  readonly challenges: Tickets<ChallengeFacts>
  /** Whose passkey it has to be; undefined when the passkey says who it is. */
  readonly accountId: string | undefined
  /** Whether the authenticator has to have made sure who uses it. */
  readonly userVerification: boolean
}

export interface AssertionRefused {
  readonly ok: false
  readonly reason: PasskeyRefusal
  /** Whose passkey it was said to be, where that is known. */
  readonly account: Account | undefined
  readonly factor?: Factor | undefined
}

export type AssertionChecked =
  | { readonly ok: true; readonly account: Account; readonly factor: Factor }
  | AssertionRefused

/** One that is good and not used up yet: of all who bring it, one is told that it is used. */
export interface GoodAssertion {
  readonly ok: true
  readonly spend: () => Promise<AssertionChecked>
}

/** Verifying an authentication assertion (WebAuthn Level 3, section 7.2). It spends the challenge. */
export async function checkAssertion(
  parts: AssertionParts,
  response: PasskeyAssertion,
  expected: ExpectedAssertion,
): Promise<AssertionChecked> {
  const examined = await examineAssertion(parts, response, expected)
  return examined.ok ? examined.spend() : examined
}

/** The same, for an act that needs more before the challenge is spent. An answer that is no good spends it at once. */
export async function examineAssertion(
  parts: AssertionParts,
  response: PasskeyAssertion,
  expected: ExpectedAssertion,
): Promise<GoodAssertion | AssertionRefused> {
  const { origins } = parts.relyingParty
  const { challenges, accountId = null } = expected
  const client = { type: 'webauthn.get', origins, challenges, accountId } as const
  const opened = openClientData(response.response.clientDataJSON, client)
  if (!opened.ok) return { ...opened, account: undefined }
  const { ticket } = opened
  const spent = { ok: false, reason: 'spent_challenge', account: undefined } as const
  const answered = await verifyAnswer(parts, response, expected)
  if (!answered.ok) return (await challenges.spend(ticket)) ? answered : spent
  const { account, factor, counter } = answered
  return {
    ok: true,
    spend: async () => {
      if (!(await challenges.spend(ticket))) return spent
      const used = await countUse(parts, factor, counter)
      return used === 'used'
        ? { ok: true, account, factor }
        : { ok: false, reason: used, account, factor }
    },
  }
}

async function verifyAnswer(
  parts: AssertionParts,
  response: PasskeyAssertion,
  { accountId, userVerification }: ExpectedAssertion,
): Promise<(AssertionChecked & { ok: true; counter: number }) | AssertionRefused> {
  const owned = await findOwner(parts, response, accountId)
  if (!owned.ok) return owned
  const { account, factor } = owned
  const counter = await verify(parts.relyingParty, response, factor, userVerification)
  if (counter === undefined) return { ok: false, reason: 'not_verified', account }
  return { ok: true, account, factor, counter }
}

async function findOwner(
  { factors, accounts }: AssertionParts,
  response: PasskeyAssertion,
  accountId: string | undefined,
): Promise<AssertionChecked> {
  const factor = await factors.findFactorByExternalId(response.id)
  const account = factor && (await accounts.findAccount(factor.userId))
  // A factor of another kind has an external id as well. One of an account that was recovered since is dead.
  if (factor?.kind !== 'passkey' || !account || !isLiving(factor, account)) {
    return { ok: false, reason: 'unknown_passkey', account }
  }
  const { userHandle } = response.response
  // Required when the passkey is all that says who it is; else authenticators may leave it out.
  const isHandleOwn =
    userHandle === undefined ? accountId !== undefined : isHandleOf(userHandle, account)
  if (!isHandleOwn || (accountId !== undefined && account.id !== accountId)) {
    return { ok: false, reason: 'foreign_passkey', account }
  }
  if (checkStanding(account, { kind: 'password' }) !== 'may_act') {
    return { ok: false, reason: 'disabled', account }
  }
  return { ok: true, account, factor }
}

function isHandleOf(userHandle: string, account: Account): boolean {
  return userHandle === toUserHandle(account.id)
}

/** The signature counter of an answer that is good. */
async function verify(
  { rpId, origins }: RelyingParty,
  response: PasskeyAssertion,
  factor: Factor,
  requireUserVerification: boolean,
): Promise<number | undefined> {
  const { verifyAuthenticationResponse } = await loadVerification()
  const { credentialId, publicKey } = readPasskey(factor)
  const { clientDataJSON, authenticatorData, signature, userHandle } = response.response
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: {
        ...response,
        response: {
          clientDataJSON,
          authenticatorData,
          signature,
          ...(userHandle !== undefined && { userHandle }),
        },
        clientExtensionResults: {},
      },
      expectedChallenge: () => true,
      expectedOrigin: [...origins],
      expectedRPID: rpId,
      requireUserVerification,
      // The counter is compared afterwards, where a step back can be told from a bad signature.
      credential: {
        id: credentialId,
        publicKey: new Uint8Array(Buffer.from(publicKey, 'base64url')),
        counter: 0,
      },
    })
    return verified ? authenticationInfo.newCounter : undefined
  } catch {
    // It throws for every answer that is not as it should be, whatever is wrong with it.
    return undefined
  }
}

/**
 * Moves the counter on. One that does not grow is of an authenticator that somebody copied (WebAuthn Level 3, section
 * 6.1.1); those that count nothing say 0 for ever.
 */
async function countUse(
  { factors, relyingParty }: AssertionParts,
  verified: Factor,
  counter: number,
): Promise<'used' | 'cloned' | 'unknown_passkey'> {
  let factor: Factor | undefined = verified
  while (factor?.id === verified.id) {
    const counts = counter > 0 || factor.counter > 0
    if (counts && counter <= factor.counter) return 'cloned'
    const use = { counter, lastUsedAt: relyingParty.clock() }
    if (await factors.swapFactor(factor, use)) return 'used'
    // Another use came first, or it was removed.
    factor = await factors.findFactorByExternalId(verified.externalId ?? '')
  }
  return 'unknown_passkey'
}
