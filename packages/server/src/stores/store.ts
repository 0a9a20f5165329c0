// Stores: where state lives. Every domain owns the small interface that it needs; a store implements them all, and is
// done when store-contract.ts passes on it. `sql/` holds SQLite and PostgreSQL.

import type { AccountStore } from '../accounts/store.ts'
import type { AuditStore } from '../audit/store.ts'
import type { FactorStore } from '../factors/store.ts'
import type { ChallengeStore } from '../challenges/store.ts'
import type { MailStore } from '../mail/store.ts'
import type { KeyStore } from '../keys/store.ts'
import type { LeaseStore } from '../leases/store.ts'
import type { AttemptStore } from '../limits/store.ts'
import type { OneTimeStore } from '../one-time/store.ts'
import type { RevocationStore } from '../revocation/store.ts'
import type { ServiceStore } from '../services/store.ts'
import type { SessionStore } from '../sessions/store.ts'

/**
 * All of it. An operation's change is durable when its promise resolves. Every operation rejects with
 * StoreUnavailableError when the database cannot serve it; then nothing was changed, unless its reason is `interrupted`.
 */
export interface Store
  extends AccountStore,
    SessionStore,
    KeyStore,
    RevocationStore,
    AttemptStore,
    OneTimeStore,
    ServiceStore,
    FactorStore,
    ChallengeStore,
    MailStore,
    AuditStore,
    LeaseStore {
  /** For people: "SQLite 3.53 at /var/lib/app/countersign.db". Never a password. */
  readonly description: string
  /** The time by the store's own clock, in milliseconds: what all instances on it agree on. */
  readTime(): Promise<number>
  /** Whether it can be read and written now; rejects with StoreUnavailableError when it cannot. */
  checkReady(): Promise<void>
  /** Finishes what was accepted, then closes. Idempotent. */
  close(): Promise<void>
}
