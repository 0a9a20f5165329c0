import type { Account } from '../accounts/account.ts'
import type { NewFactor } from '../authentication/change-factors.ts'
import type { PasskeyRegistration } from '../routing/passkey-schemas.ts'
import { openClientData, type PasskeyRefusal } from './client-data.ts'
import { algorithms, loadVerification, type RelyingParty } from './relying-party.ts'
import { writePasskey } from './stored-passkey.ts'
import { withoutAttestation } from './without-attestation.ts'

export type RegistrationChecked =
  | { readonly ok: true; readonly passkey: Omit<NewFactor, 'name'> }
  | { readonly ok: false; readonly reason: PasskeyRefusal }

/** Verifying a new credential (WebAuthn Level 3, section 7.1). It spends the challenge. */
export async function checkRegistration(
  relyingParty: RelyingParty,
  account: Account,
  response: PasskeyRegistration,
): Promise<RegistrationChecked> {
  const { challenges, origins } = relyingParty
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
  const { credential, aaguid } = verified
  const secret = writePasskey({
    publicKey: Buffer.from(credential.publicKey).toString('base64url'),
    transports: response.response.transports ?? [],
    aaguid,
  })
  const { id: externalId, counter } = credential
  return { ok: true, passkey: { kind: 'passkey', externalId, secret, counter } }
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
