import { isSealedByNewest, type MasterSecrets, open, seal } from '../foundation/master-secret.ts'
import type { Randomness } from '../foundation/randomness.ts'
import type { Factor } from './factor.ts'
import type { FactorStore } from './store.ts'
import { totpSecretBytes } from './totp.ts'

const purpose = 'totp secret'

/** A secret as it is kept: sealed, and bound to the account, so that a row moved to another opens nothing there. */
export function sealTotpSecret(
  secrets: MasterSecrets,
  userId: string,
  secret: Uint8Array,
  randomness: Randomness,
): string {
  return seal(secrets, purpose, Buffer.concat([secret, Buffer.from(userId)]), randomness)
}

/** Undefined when no known master secret sealed it, or for another account. */
export function openTotpSecret(
  secrets: MasterSecrets,
  { userId, secret }: Pick<Factor, 'userId' | 'secret'>,
): Buffer | undefined {
  const plain = open(secrets, purpose, secret)
  if (plain?.subarray(totpSecretBytes).toString() !== userId) return undefined
  return plain.subarray(0, totpSecretBytes)
}

export interface ResealParts {
  readonly factors: Pick<FactorStore, 'listFactorsOfKind' | 'swapFactor'>
  readonly secrets: MasterSecrets
  readonly randomness: Randomness
}

const pageSize = 500

/**
 * Seals anew, under the newest master secret, what an older one sealed: then the older may go. A secret that is used at
 * this moment keeps its seal until the next time.
 * @returns how many it sealed anew
 */
export async function resealTotpSecrets(parts: ResealParts): Promise<number> {
  const { factors, secrets, randomness } = parts
  // With one secret alone, what another sealed could not be opened.
  if (secrets.all.length < 2) return 0
  let count = 0
  for (let after = ''; ; ) {
    const page = await factors.listFactorsOfKind('totp', after, pageSize)
    for (const factor of page) {
      if (isSealedByNewest(secrets, purpose, factor.secret)) continue
      const plain = openTotpSecret(secrets, factor)
      if (plain === undefined) continue
      const secret = sealTotpSecret(secrets, factor.userId, plain, randomness)
      if (await factors.swapFactor(factor, { secret })) count++
    }
    const last = page.at(-1)
    if (last === undefined || page.length < pageSize) return count
    after = last.id
  }
}
