import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Account } from '../packages/server/src/accounts/account.ts'
import { loadOrCreateSecretFile } from '../packages/server/src/config/secret-file.ts'
import { issueCsrfToken } from '../packages/server/src/credentials/csrf-token.ts'
import { systemClock } from '../packages/server/src/foundation/clock.ts'
import { createIdSource } from '../packages/server/src/foundation/ids.ts'
import { createMasterSecrets } from '../packages/server/src/foundation/master-secret.ts'
import { systemRandomness } from '../packages/server/src/foundation/randomness.ts'
import { openKeyring } from '../packages/server/src/keys/keyring.ts'
import { createHashQueue } from '../packages/server/src/passwords/hash-queue.ts'
import { createPasswordHasher } from '../packages/server/src/passwords/password-hasher.ts'
import { issueRefreshToken } from '../packages/server/src/sessions/refresh-token.ts'
import { createSession } from '../packages/server/src/sessions/start-session.ts'
import { openSqliteStore } from '../packages/server/src/stores/sql/open-sqlite-store.ts'
import type { Store } from '../packages/server/src/stores/store.ts'
import { createAccessTokenIssuer } from '../packages/server/src/tokens/issue-access-token.ts'

/** A database with accounts and sessions, and files with what their clients hold, a line each. */
export interface Population {
  readonly directory: string
  readonly databaseFile: string
  /** Access tokens. */
  readonly accessFile: string
  /** Refresh and CSRF tokens. */
  readonly refreshFile: string
  readonly usernamesFile: string
  /** Ids of sessions of which no client holds tokens, for what works on the database alone. */
  readonly spareSessionsFile: string
}

/** All accounts share it, and one hash of it: hashing a hundred thousand would take a quarter of an hour. */
export const password = 'the quick brown fox 1843'
/** Of every population: tokens are made before the server that accepts them has a port. */
export const issuer = 'https://bench.example.com'

export const spareSessions = 64

const accessTokenTtlSeconds = 900
const chunk = 1_000

/** Where accounts and sessions are put, and the master secret of the server that will serve them. */
export interface Place {
  openStore(): Promise<Store>
  readonly secret: string
}

/**
 * Fills a new database through the product's own store and with its own tokens.
 * @param place default: the embedded database in the directory
 */
export async function populate(
  directory: string,
  size: number,
  place?: Place,
): Promise<Population> {
  const file = (name: string): string => join(directory, name)
  const population = {
    directory,
    databaseFile: file('data/countersign.db'),
    accessFile: file('access.txt'),
    refreshFile: file('refresh.txt'),
    usernamesFile: file('usernames.txt'),
    spareSessionsFile: file('spare-sessions.txt'),
  }
  mkdirSync(directory, { recursive: true })
  const makers = await openMakers(place ?? embedded(population.databaseFile))
  const members: Member[] = []
  for (let from = 0; from < size; from += chunk) {
    const numbers = Array.from({ length: Math.min(chunk, size - from) }, (_, index) => from + index)
    members.push(...(await Promise.all(numbers.map((number) => addMember(makers, number)))))
  }
  await makers.store.close()
  writeLines(population.accessFile, members, ({ access }) => access)
  const refreshing = members.slice(spareSessions)
  writeLines(population.refreshFile, refreshing, ({ refresh, csrf }) => `${refresh} ${csrf}`)
  writeLines(population.usernamesFile, members, ({ username }) => username)
  const spare = members.slice(0, spareSessions)
  writeLines(population.spareSessionsFile, spare, ({ sessionId }) => sessionId)
  return population
}

type Makers = Awaited<ReturnType<typeof openMakers>>

function embedded(databaseFile: string): Place {
  return {
    secret: loadOrCreateSecretFile(databaseFile, systemRandomness),
    openStore: () => openSqliteStore({ file: databaseFile, clock: systemClock }),
  }
}

async function openMakers(place: Place) {
  const parts = { clock: systemClock, randomness: systemRandomness }
  const secrets = createMasterSecrets([place.secret])
  const store = await place.openStore()
  const keyring = await openKeyring({
    ...parts,
    store,
    secrets,
    algorithm: 'ES256',
    jwtSecret: undefined,
    accessTokenTtlSeconds,
    rotationSeconds: 30 * 86_400,
  })
  const tokens = createAccessTokenIssuer({
    ...parts,
    keyring,
    issuer,
    audience: issuer,
    clientId: 'first-party',
    accessTokenTtlSeconds,
    tutorialClaims: false,
  })
  const queue = createHashQueue({ concurrency: 1, maxWaiting: 1, maxWaitMs: 10_000 })
  const hasher = await createPasswordHasher({ queue, randomness: systemRandomness })
  const hashed = await hasher.hash(password)
  if (!hashed.ok) throw new Error('The password could not be hashed')
  return {
    ...parts,
    secrets,
    store,
    tokens,
    passwordHash: hashed.hash,
    newId: createIdSource(systemClock, systemRandomness),
  }
}

interface Member {
  readonly username: string
  readonly sessionId: string
  readonly access: string
  readonly refresh: string
  readonly csrf: string
}

async function addMember(makers: Makers, number: number): Promise<Member> {
  const { store, secrets, tokens, clock, newId } = makers
  const username = `user-${number}`
  const account: Account = {
    id: newId(),
    username,
    email: null,
    verifiedEmailKey: null,
    passwordHash: makers.passwordHash,
    role: 'user',
    disabled: false,
    sessionEpoch: 0,
    tokenEpoch: 0,
    factorEpoch: 0,
    createdAt: clock(),
    updatedAt: clock(),
  }
  const session = createSession(account, { ip: '127.0.0.1', userAgent: null }, ['pwd'], makers)
  await Promise.all([store.insertAccount(account, username), store.insertSession(session)])
  const expiresAt = session.createdAt + 90 * 86_400_000
  const { token } = await tokens.issue({ account, session: { ...session, expiresAt } })
  return {
    username,
    sessionId: session.id,
    access: token,
    refresh: issueRefreshToken(secrets, session, session.generation),
    csrf: issueCsrfToken(secrets, session.id),
  }
}

function writeLines(
  file: string,
  members: readonly Member[],
  toLine: (member: Member) => string,
): void {
  writeFileSync(file, `${members.map(toLine).join('\n')}\n`)
}
