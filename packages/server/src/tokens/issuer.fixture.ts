import { createTestClock, createTestRandomness } from '../foundation/deterministic.fixture.ts'
import { createMasterSecrets } from '../foundation/master-secret.ts'
import { type Keyring, type KeyringOptions, openKeyring } from '../keys/keyring.ts'
import type { KeyStore } from '../keys/store.ts'

export const testIssuer = 'https://auth.example.com'
export const testMasterSecret = 'a-secret-that-is-long-enough-for-tests'

/** A keyring on a store of its own in memory. */
export async function openTestKeyring(changes: Partial<KeyringOptions> = {}): Promise<Keyring> {
  let stored: Awaited<ReturnType<KeyStore['loadKeyring']>>
  const store: KeyStore = {
    loadKeyring: async () => stored,
    replaceKeyring: async (seen, document) => {
      if ((stored?.version ?? 0) !== seen) return false
      stored = { version: seen + 1, document }
      return true
    },
  }
  return openKeyring({
    store,
    secrets: createMasterSecrets([testMasterSecret]),
    algorithm: 'ES256',
    jwtSecret: undefined,
    accessTokenTtlSeconds: 900,
    rotationSeconds: 30 * 86_400,
    clock: createTestClock(),
    randomness: createTestRandomness(),
    ...changes,
  })
}

/** The claims of a token, unverified. */
export function readClaims(token: string): Record<string, unknown> {
  return readPart(token, 1)
}

export function readHeader(token: string): Record<string, unknown> {
  return readPart(token, 0)
}

function readPart(token: string, index: number): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[index] ?? '', 'base64url').toString())
}
