import type { LocalVerifier } from '@countersign/verify'
import { administratorRole } from './accounts/last-administrator.ts'
import { buildApplication } from './composition/application.ts'
import { type Base, openBase } from './composition/base.ts'
import { createFirstAdministrator } from './composition/first-administrator.ts'
import { buildRoutes, describeService } from './composition/routes.ts'
import { type Services, buildServices } from './composition/services.ts'
import { type State, openState } from './composition/state.ts'
import type { CountersignOptions } from './config/options.ts'
import type { Settings } from './config/settings.ts'
import type { KeyInfo } from './keys/keyring.ts'
import { type LibraryAccounts, createLibraryAccounts } from './library/accounts.ts'
import { type Authenticate, createAuthenticate } from './library/authenticate.ts'
import type { Hooks } from './library/hooks.ts'
import { type LibraryServices, createLibraryServices } from './library/services.ts'
import { shareVolume } from './limits/share-volume.ts'
import { resealTotpSecrets } from './factors/totp-secret.ts'
import { startMaintenance } from './maintenance/schedule.ts'
import { type FetchHandler, createFetchHandler } from './routing/fetch-handler.ts'
import { type NodeHandler, createNodeHandler } from './routing/node-handler.ts'
import { createRouteTable } from './routing/route-table.ts'

/** A running Countersign. */
export interface Countersign {
  readonly settings: Settings
  /** For people: which database, where. */
  readonly description: string
  /** The routes as a Fetch handler. `remoteAddress` is what limits count by; without it all callers share one. */
  readonly fetch: FetchHandler
  /** The routes for node:http, and with `next` for Express and Connect, under any prefix. */
  readonly handler: NodeHandler
  /** Verifies access tokens in process, revocations included. */
  readonly verifier: LocalVerifier
  /** Who calls, by the token of an Authorization header, held against the account as it is now. */
  readonly authenticate: Authenticate
  readonly accounts: LibraryAccounts
  readonly keys: {
    list(): readonly KeyInfo[]
    /** @throws RotationRefusedError when JWT_SECRET is the key */
    rotate(options?: { readonly now?: boolean }): Promise<readonly KeyInfo[]>
  }
  readonly services: LibraryServices
  hasAdministrator(): Promise<boolean>
  /** The OpenAPI 3.1 document. */
  openapi(): object
  /** The series in the text format of Prometheus. */
  metrics(): Promise<string>
  /**
   * Ends the streams of revocations, and opens no other: the services that follow them come back to another instance. For
   * a host that waits until its server is closed, which it never is while one of them is open.
   */
  endStreams(): void
  /** Lets running requests finish, then closes the database. Stop listening first. A second call changes nothing. */
  close(): Promise<void>
}

/**
 * Opens the database, loads or makes keys and secrets, and wires every part.
 *
 * @throws ConfigurationError with every mistake in the options at once
 * @throws StoreUnavailableError when the database cannot be opened
 */
export async function createCountersign(
  options: CountersignOptions & Hooks = {},
): Promise<Countersign> {
  const base = openBase(options)
  const state = await openState(base)
  try {
    const services = await buildServices(base, state)
    await createFirstAdministrator(base, state, services)
    return assemble(base, state, services)
  } catch (error) {
    await state.bus?.close()
    await state.store.close()
    throw error
  }
}

function assemble(base: Base, state: State, services: Services): Countersign {
  const { settings, clock, logger } = base
  const { store, keyring, revocations, follower } = state
  const { audit, metrics, verifier, credentials } = services
  const routes = buildRoutes(base, state, services)
  const table = createRouteTable(routes)
  const { application, calls } = buildApplication(base, state, services, table)
  const maintenance = startMaintenance({
    store,
    storeClock: base.storeClock,
    keyring,
    onKeyMade: () => audit.record('keys.rotated', { detail: { automatic: true } }),
    follower,
    revocations,
    sessionIdleMs: credentials.lives.idleMs,
    sessionMaxMs: credentials.lives.maxMs,
    auditRetentionMs: settings.auditRetentionSeconds * 1000,
    shareVolume: state.isShared
      ? () => shareVolume(services.volume, state.attempts, clock)
      : undefined,
    sendMails: sendMailsOf(services),
    resealSecrets: () => resealTotpSecrets({ ...base, factors: store }),
    clock,
    logger,
  })
  const { policy, hasher, opener, administration } = services
  const { roles } = settings
  const library = { store, revoking: state.revoking, audit, clock, policy, hasher, opener, roles }
  return {
    settings,
    description: store.description,
    fetch: createFetchHandler(application),
    handler: createNodeHandler(application, table),
    verifier,
    authenticate: createAuthenticate(services.proveBearer),
    accounts: createLibraryAccounts({ ...library, administration }),
    keys: {
      list: () => keyring.list(),
      rotate: async (options) => {
        const keys = await keyring.rotate({ now: options?.now ?? false })
        await audit.record('keys.rotated', { detail: { now: options?.now ?? false } })
        return keys
      },
    },
    services: createLibraryServices({
      store,
      audit,
      clock,
      newId: base.newId,
      randomness: base.randomness,
    }),
    hasAdministrator: async () => (await store.countOtherActiveAccounts(administratorRole, '')) > 0,
    openapi: () => describeService(routes, settings, credentials.cookie.name),
    metrics: () => metrics.render(),
    endStreams: () => services.streams.close(),
    close: once(async () => {
      services.streams.close()
      await calls.settle()
      services.mail?.transport.close()
      await services.mail?.outbox.stop()
      await maintenance.stop()
      await state.bus?.close()
      await store.close()
    }),
  }
}

function once(work: () => Promise<void>): () => Promise<void> {
  let result: Promise<void> | undefined
  return () => (result ??= work())
}

function sendMailsOf({ mail }: Services): (() => Promise<void>) | undefined {
  return mail && (() => mail.outbox.work())
}
