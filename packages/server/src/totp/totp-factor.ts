// TOTP: the six digits of an authenticator app (RFC 6238). It owns how an app is added, in two steps, because a secret
// that no app holds would lock its owner out, and the check of a code at a log-in: each step is used once, across all
// instances. The arithmetic and the sealing are in factors/.

import type { ProofCheck } from '../authentication/prove-second-factor.ts'
import type { Account } from '../accounts/account.ts'
import type { ChallengeStore } from '../challenges/store.ts'
import type { FactorStore } from '../factors/store.ts'
import { findTotpStep, totpSecretBytes, totpStepSeconds } from '../factors/totp.ts'
import { openTotpSecret, sealTotpSecret } from '../factors/totp-secret.ts'
import { base32, encodeBase32 } from '../foundation/base32.ts'
import { type Clock, minute } from '../foundation/clock.ts'
import { type MasterSecrets, open, seal } from '../foundation/master-secret.ts'
import type { Randomness } from '../foundation/randomness.ts'

export interface TotpParts {
  readonly challenges: ChallengeStore
  readonly secrets: MasterSecrets
  readonly randomness: Randomness
  readonly clock: Clock
}

const kind = 'totp-enrollment'

export const enrollmentLifeMs: number = 10 * minute
const tries = 10

/** What waits for its first code. */
interface PendingSecret {
  readonly secret: string
  /** What changes them (a new password, a recovery) ends the waiting, too. */
  readonly epochs: readonly [session: number, factor: number]
}

/** Draws a secret for this account; one that waited before is void. @returns it */
export async function beginEnrollment(
  { challenges, secrets, randomness, clock }: TotpParts,
  account: Account,
): Promise<Buffer> {
  const secret = randomness(totpSecretBytes)
  const pending: PendingSecret = {
    secret: sealTotpSecret(secrets, account.id, secret, randomness),
    epochs: [account.sessionEpoch, account.factorEpoch],
  }
  await challenges.putChallenge({
    kind,
    id: account.id,
    subject: account.id,
    payload: seal(secrets, kind, Buffer.from(JSON.stringify(pending)), randomness),
    attempts: 0,
    expiresAt: clock() + enrollmentLifeMs,
  })
  return secret
}

/** The sealed secret and the step of the code that proved it, once. Undefined when the code is not its own. */
export async function confirmEnrollment(
  { challenges, secrets, clock }: TotpParts,
  account: Account,
  code: string,
): Promise<{ readonly secret: string; readonly counter: number } | undefined> {
  const challenge = await challenges.attemptChallenge(kind, account.id, tries, clock())
  const plain = challenge && open(secrets, kind, challenge.payload)
  if (!challenge || !plain) return undefined
  // Only beginEnrollment seals for this purpose.
  const { secret, epochs } = JSON.parse(plain.toString()) as PendingSecret
  if (epochs[0] !== account.sessionEpoch || epochs[1] !== account.factorEpoch) return undefined
  const opened = openTotpSecret(secrets, { userId: account.id, secret })
  const counter = opened && findTotpStep(opened, code, clock(), 0)
  if (counter === undefined) return undefined
  const isSpent = await challenges.spendChallenge(kind, account.id, challenge.payload)
  return isSpent ? { secret, counter } : undefined
}

export function createTotpCheck({
  factors,
  secrets,
  clock,
}: Omit<TotpParts, 'challenges' | 'randomness'> & {
  readonly factors: Pick<FactorStore, 'swapFactor'>
}): ProofCheck {
  return async ({ factors: own, code }) => {
    const now = clock()
    for (const factor of own) {
      const secret = openTotpSecret(secrets, factor)
      const step = secret && findTotpStep(secret, code, now, factor.counter)
      // Of all who bring the code of one step, on whatever instance, one moves the counter.
      const use = step !== undefined && { counter: step, lastUsedAt: now }
      if (use) return () => factors.swapFactor(factor, use)
    }
    return undefined
  }
}

/** What authenticator apps read from the QR code. */
export function otpauthUri(issuer: string, username: string, secret: Uint8Array): string {
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(username)}`
  const parameters = [
    `secret=${encodeBase32(secret, base32)}`,
    `issuer=${encodeURIComponent(issuer)}`,
    'algorithm=SHA1',
    'digits=6',
    `period=${totpStepSeconds}`,
  ]
  return `otpauth://totp/${label}?${parameters.join('&')}`
}
