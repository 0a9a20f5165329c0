import type { Factor } from '../factors/factor.ts'

/** What a factor's secret holds of a passkey. None of it is secret: the private key never leaves the authenticator. */
export interface StoredPasskey {
  /** COSE_Key in base64url. */
  readonly publicKey: string
  /** How the browser may reach it, as it said: hints for the next time. */
  readonly transports: readonly string[]
  /** The model, when the authenticator tells it. */
  readonly aaguid: string
}

export interface Passkey extends StoredPasskey {
  readonly credentialId: string
}

export function writePasskey({ publicKey, transports, aaguid }: StoredPasskey): string {
  return JSON.stringify({ publicKey, transports, aaguid })
}

export function readPasskey({ externalId, secret }: Factor): Passkey {
  // Only writePasskey writes it.
  return { credentialId: externalId ?? '', ...(JSON.parse(secret) as StoredPasskey) }
}
