import type { Account } from '../accounts/account.ts'
import type { Factor } from '../factors/factor.ts'
import { algorithms, challengeLifeMs, type RelyingParty } from './relying-party.ts'
import { readPasskey } from './stored-passkey.ts'

export interface CredentialDescriptor {
  readonly type: 'public-key'
  readonly id: string
  readonly transports: readonly string[]
}

/** PublicKeyCredentialCreationOptionsJSON (WebAuthn Level 3, section 5.1.8). */
export interface CreationOptions {
  readonly rp: { readonly id: string; readonly name: string }
  readonly user: { readonly id: string; readonly name: string; readonly displayName: string }
  readonly challenge: string
  readonly pubKeyCredParams: readonly { readonly type: 'public-key'; readonly alg: number }[]
  readonly timeout: number
  readonly excludeCredentials: readonly CredentialDescriptor[]
  readonly authenticatorSelection: {
    readonly residentKey: 'preferred'
    readonly requireResidentKey: false
    readonly userVerification: 'preferred'
  }
  readonly attestation: 'none'
  readonly extensions: { readonly credProps: true }
}

/** PublicKeyCredentialRequestOptionsJSON (WebAuthn Level 3, section 5.1.9). */
export interface RequestOptions {
  readonly challenge: string
  readonly timeout: number
  readonly rpId: string
  readonly allowCredentials: readonly CredentialDescriptor[]
  readonly userVerification: 'required' | 'preferred'
}

/**
 * Discoverable and with user verification where the authenticator can, so that it may be the whole log-in; a plain
 * security key that can neither is a second factor all the same.
 */
export function createCreationOptions(
  { rpId, name, challenges }: RelyingParty,
  account: Account,
  factors: readonly Factor[],
): CreationOptions {
  return {
    rp: { id: rpId, name },
    user: {
      id: toUserHandle(account.id),
      name: account.username,
      displayName: account.username,
    },
    challenge: challenges.registration.issue({ accountId: account.id }),
    pubKeyCredParams: algorithms.map((alg) => ({ type: 'public-key', alg })),
    timeout: challengeLifeMs,
    excludeCredentials: describePasskeys(factors),
    authenticatorSelection: {
      residentKey: 'preferred',
      requireResidentKey: false,
      userVerification: 'preferred',
    },
    attestation: 'none',
    extensions: { credProps: true },
  }
}

/** For whoever it turns out to be: it names no passkey, so it tells nothing of any account. */
export function createSignInOptions({ rpId, challenges }: RelyingParty): RequestOptions {
  return {
    challenge: challenges.signIn.issue({ accountId: null }),
    timeout: challengeLifeMs,
    rpId,
    allowCredentials: [],
    userVerification: 'required',
  }
}

/** For an account that has proven something else already: it names the account's passkeys. */
export function createProofOptions(
  { rpId, challenges }: RelyingParty,
  purpose: 'secondFactor' | 'stepUp' | 'recovery',
  account: Account,
  factors: readonly Factor[],
): RequestOptions {
  return {
    challenge: challenges[purpose].issue({ accountId: account.id }),
    timeout: challengeLifeMs,
    rpId,
    allowCredentials: describePasskeys(factors),
    // A second factor is one beside the first; what stands alone has to be two at once.
    userVerification: purpose === 'stepUp' ? 'required' : 'preferred',
  }
}

/** The account's id, which is no secret and says nothing of the person (WebAuthn Level 3, section 14.6.1). */
export function toUserHandle(accountId: string): string {
  return Buffer.from(accountId).toString('base64url')
}

function describePasskeys(factors: readonly Factor[]): readonly CredentialDescriptor[] {
  return factors
    .filter(({ kind }) => kind === 'passkey')
    .map((factor) => {
      const { credentialId: id, transports } = readPasskey(factor)
      return { type: 'public-key', id, transports }
    })
}
