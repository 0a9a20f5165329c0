import type { Account } from '../accounts/account.ts'
import type { Factor } from '../factors/factor.ts'
import type { FactorStore } from '../factors/store.ts'
import type { IdSource } from '../foundation/ids.ts'
import type { PasskeyRegistration } from '../routing/passkey-schemas.ts'
import { openClientData, type PasskeyRefusal } from './client-data.ts'
import { algorithms, loadVerification, type RelyingParty } from './relying-party.ts'
import { writePasskey } from './stored-passkey.ts'
import { withoutAttestation } from './without-attestation.ts'

export interface RegisterPasskeyParts {
  readonly relyingParty: RelyingParty
  readonly factors: Pick<FactorStore, 'insertFactor'>
  readonly newId: IdSource
}

export type PasskeyRegistered =
  | { readonly ok: true; readonly factor: Factor }
  | { readonly ok: false; readonly reason: PasskeyRefusal }

/** Registering a new credential (WebAuthn Level 3, section 7.1). */
export async function registerPasskey(
  { relyingParty, factors, newId }: RegisterPasskeyParts,
  account: Account,
  { response, name }: { readonly response: PasskeyRegistration; readonly name: string },
): Promise<PasskeyRegistered> {
  const { challenges, origins, clock } = relyingParty
  const opened = openClientData(response.response.clientDataJSON, {
    type: 'webauthn.create',
    origins,
    challenges: challenges.registration,
    accountId: account.id,
  })
  if (!opened.ok) return opened
  // Before the answer is looked at: of all who bring it, one gets that far.
  if (!(await challenges.registration.spend(opened.ticket))) {
    return { ok: false, reason: 'spent_challenge' }
  }
  const verified = await verify(relyingParty, response)
  if (verified === undefined) return { ok: false, reason: 'not_verified' }
  const factor: Factor = {
    id: newId(),
    userId: account.id,
    kind: 'passkey',
    name,
    epoch: account.factorEpoch,
    externalId: verified.credential.id,
    secret: writePasskey({
      publicKey: Buffer.from(verified.credential.publicKey).toString('base64url'),
      transports: response.response.transports ?? [],
      aaguid: verified.aaguid,
    }),
    counter: verified.credential.counter,
    createdAt: clock(),
    lastUsedAt: null,
  }
  const inserted = await factors.insertFactor(factor)
  return inserted === 'inserted' ? { ok: true, factor } : { ok: false, reason: 'foreign_passkey' }
}

async function verify({ rpId, origins }: RelyingParty, response: PasskeyRegistration) {
  const { verifyRegistrationResponse } = await loadVerification()
  try {
    const { registrationInfo } = await verifyRegistrationResponse({
      response: {
        ...response,
        response: {
          clientDataJSON: response.response.clientDataJSON,
          attestationObject: await withoutAttestation(response.response.attestationObject),
        },
        clientExtensionResults: {},
      },
      // openClientData has, and against more.
      expectedChallenge: () => true,
      expectedOrigin: [...origins],
      expectedRPID: rpId,
      requireUserPresence: true,
      requireUserVerification: false,
      supportedAlgorithmIDs: [...algorithms],
    })
    // What the answer is called is what the authenticator made.
    return registrationInfo?.credential.id === response.id ? registrationInfo : undefined
  } catch {
    // It throws for every answer that is not as it should be, whatever is wrong with it.
    return undefined
  }
}
