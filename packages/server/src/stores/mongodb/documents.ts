// What the collections hold: texts and numbers, no nested documents and no arrays. That is what every server of the
// protocol indexes and compares alike. Times are milliseconds, and 0 and 1 stand for false and true; nothing is searched
// by a boolean or by null, which servers store and compare in different ways.

import type { Collection, Db } from 'mongodb'

export interface AccountDocument {
  readonly _id: string
  /** Absent, with the key, in a tombstone: the sparse unique index does not see it, and the name is free. */
  readonly username?: string
  readonly usernameKey?: string
  readonly email: string | null
  /** Absent until an address is verified. */
  readonly verifiedEmailKey?: string
  readonly passwordHash: string
  readonly role: string
  readonly disabled: number
  readonly sessionEpoch: number
  readonly tokenEpoch: number
  /** Absent for 0: the version before does not write it. */
  readonly factorEpoch?: number
  /** Absent until it is first raised, so that the sparse index holds what was revoked and nothing else. */
  readonly epochsRaisedAt?: number
  readonly createdAt: number
  readonly updatedAt: number
  readonly isDeleted: number
}

export interface SessionDocument {
  readonly _id: string
  readonly userId: string
  /** Base64url. */
  readonly salt: string
  readonly generation: number
  readonly parent: number | null
  readonly rotatedAt: number
  readonly createdAt: number
  readonly lastUsedAt: number
  readonly hasEnded: number
  /** Absent, with the reason, while the session has not ended. */
  readonly endedAt?: number
  readonly endReason?: string
  readonly epoch: number
  readonly userAgent: string | null
  readonly ip: string | null
  /** Absent, with the time, in documents of the version before. */
  readonly amr?: string
  readonly authenticatedAt?: number
}

export interface FactorDocument {
  readonly _id: string
  readonly userId: string
  readonly kind: string
  readonly name: string
  readonly epoch: number
  readonly externalId?: string
  readonly secret: string
  readonly counter: number
  readonly createdAt: number
  readonly lastUsedAt: number | null
}

export interface ChallengeDocument {
  readonly _id: string
  readonly subject: string | null
  readonly payload: string
  readonly attempts: number
  readonly expiresAt: number
}

export interface MailDocument {
  readonly _id: string
  readonly kind: string
  readonly payload: string
  readonly attempts: number
  readonly dueAt: number
  readonly createdAt: number
  readonly expiresAt: number
}

export interface KeyringDocument {
  readonly _id: string
  readonly version: number
  readonly document: string
}

export interface AttemptDocument {
  readonly _id: string
  readonly count: number
  readonly resetsAt: number
}

export interface LeaseDocument {
  readonly _id: string
  readonly holder: string
  readonly expiresAt: number
}

export interface ConsumedDocument {
  readonly _id: string
  readonly expiresAt: number
}

export interface ServiceDocument {
  readonly _id: string
  readonly name: string
  readonly nameKey: string
  readonly secretHash: string
  readonly createdAt: number
}

export interface AuditEventDocument {
  readonly _id: string
  readonly at: number
  readonly type: string
  readonly actorId: string | null
  readonly subjectId: string | null
  readonly sessionId: string | null
  readonly ip: string | null
  readonly userAgent: string | null
  readonly requestId: string | null
  /** JSON. */
  readonly detail: string
}

export interface MigrationDocument {
  /** The number of the step. */
  readonly _id: number
  readonly name: string
  readonly checksum: string
  readonly kind: string
  readonly appliedAt: number
}

export interface Collections {
  readonly accounts: Collection<AccountDocument>
  readonly sessions: Collection<SessionDocument>
  readonly keyring: Collection<KeyringDocument>
  readonly attempts: Collection<AttemptDocument>
  readonly leases: Collection<LeaseDocument>
  readonly consumed: Collection<ConsumedDocument>
  readonly services: Collection<ServiceDocument>
  readonly factors: Collection<FactorDocument>
  readonly challenges: Collection<ChallengeDocument>
  readonly mails: Collection<MailDocument>
  readonly auditEvents: Collection<AuditEventDocument>
  readonly migrations: Collection<MigrationDocument>
}

/** Under names of our own: the database may be the one in which an application keeps its `users`. */
export const collectionNames: Readonly<Record<keyof Collections, string>> = {
  accounts: 'countersign_accounts',
  sessions: 'countersign_sessions',
  keyring: 'countersign_keyring',
  attempts: 'countersign_attempts',
  leases: 'countersign_leases',
  consumed: 'countersign_consumed',
  services: 'countersign_services',
  factors: 'countersign_factors',
  challenges: 'countersign_challenges',
  mails: 'countersign_mails',
  auditEvents: 'countersign_audit_events',
  migrations: 'countersign_migrations',
}

export function openCollections(database: Db): Collections {
  return {
    accounts: database.collection(collectionNames.accounts),
    sessions: database.collection(collectionNames.sessions),
    keyring: database.collection(collectionNames.keyring),
    attempts: database.collection(collectionNames.attempts),
    leases: database.collection(collectionNames.leases),
    consumed: database.collection(collectionNames.consumed),
    services: database.collection(collectionNames.services),
    factors: database.collection(collectionNames.factors),
    challenges: database.collection(collectionNames.challenges),
    mails: database.collection(collectionNames.mails),
    auditEvents: database.collection(collectionNames.auditEvents),
    migrations: database.collection(collectionNames.migrations),
  }
}
