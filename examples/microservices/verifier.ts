import { createVerifier, type OnStale, type Verifier } from '@countersign/verify'

/** What a service is told by its environment. */
export interface ServiceSettings {
  readonly PORT?: string
  readonly ISSUER?: string
  readonly SERVICE_ID?: string
  readonly SERVICE_SECRET?: string
  readonly ON_STALE?: string
  readonly STALE_AFTER_SECONDS?: string
  readonly MAX_KEY_AGE_SECONDS?: string
}

/** Tokens are verified in this process; the issuer is asked for keys and revocations, never about a token. */
export async function openVerifier(settings: ServiceSettings): Promise<Verifier> {
  const { ISSUER = 'http://localhost:3000', SERVICE_ID = '', SERVICE_SECRET = '' } = settings
  const { ON_STALE = 'refuse', STALE_AFTER_SECONDS = '30', MAX_KEY_AGE_SECONDS = '3600' } = settings
  const verifier = createVerifier({
    issuer: ISSUER,
    audience: ISSUER,
    maxKeyAgeSeconds: Number(MAX_KEY_AGE_SECONDS),
    revocations: {
      credential: { id: SERVICE_ID, secret: SERVICE_SECRET },
      // Anything else than its three values stops the start.
      onStale: ON_STALE as OnStale,
      staleAfterSeconds: Number(STALE_AFTER_SECONDS),
    },
    onProblem: (problem) => console.warn(problem.message),
  })
  // A service that starts before its issuer refuses tokens until both are there.
  await verifier.ready().catch((error: Error) => console.warn(error.message))
  return verifier
}
