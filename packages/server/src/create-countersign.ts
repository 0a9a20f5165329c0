import { availableParallelism } from 'node:os'
import type { Verifier } from '@countersign/verify'
import { createAdministratorGuard, administratorRole } from './accounts/last-administrator.ts'
import { createAccountOpener } from './accounts/open-account.ts'
import { createAccountAdministration } from './administration/administer-accounts.ts'
import { administrationRoutes } from './administration/routes.ts'
import { createAuditLog } from './audit/audit-log.ts'
import type { AuditEvent } from './audit/event.ts'
import { checkSettings } from './config/check-settings.ts'
import { ConfigurationError } from './config/configuration-error.ts'
import type { CountersignOptions } from './config/options.ts'
import { loadOrCreateSecretFile } from './config/secret-file.ts'
import type { Settings } from './config/settings.ts'
import { createCookieGuard } from './credentials/check-cookie-use.ts'
import { discoveryRoutes } from './discovery/routes.ts'
import { documentationRoutes } from './documentation/routes.ts'
import { type Clock, systemClock } from './foundation/clock.ts'
import { createIdSource } from './foundation/ids.ts'
import { type Logger, silentLogger } from './foundation/logger.ts'
import { createMasterSecrets, type MasterSecrets } from './foundation/master-secret.ts'
import { type Randomness, systemRandomness } from './foundation/randomness.ts'
import { createStoreClock } from './foundation/store-clock.ts'
import { healthRoutes } from './health/routes.ts'
import { FetchSource } from './http/request-source.ts'
import { type KeyInfo, openKeyring } from './keys/keyring.ts'
import { createLibraryAccounts, type LibraryAccounts } from './library/accounts.ts'
import { type Authenticate, createAuthenticate } from './library/authenticate.ts'
import { withLease } from './leases/with-lease.ts'
import { createAttemptLimits } from './limits/attempt-limits.ts'
import { VolumeLimits } from './limits/volume-limits.ts'
import { startMaintenance } from './maintenance/schedule.ts'
import { metricsRoutes } from './metrics-endpoint/routes.ts'
import { createMetrics } from './metrics/metrics.ts'
import { ownSessionsRoutes } from './own-sessions/routes.ts'
import { passwordChangeRoutes } from './password-change/routes.ts'
import { createHashQueue } from './passwords/hash-queue.ts'
import { createPasswordHasher } from './passwords/password-hasher.ts'
import { profileRoutes } from './profile/routes.ts'
import { refreshRoutes } from './refresh/routes.ts'
import { registerRoutes } from './register/routes.ts'
import { createRevocationFollower } from './revocation/follow-revocations.ts'
import { LiveRevocations } from './revocation/live-revocations.ts'
import { createRevokingStore } from './revocation/revoking-store.ts'
import { createApplication } from './routing/application.ts'
import { createAuthenticateCall, createBearerProof } from './routing/authenticate-call.ts'
import { createCallCounter } from './routing/count-call.ts'
import { createNodeHandler, type NodeHandler, pathAndQuery } from './routing/node-handler.ts'
import { describeRoutes } from './routing/openapi.ts'
import type { Route } from './routing/route.ts'
import { createRouteTable } from './routing/route-table.ts'
import { signInRoutes } from './sign-in/routes.ts'
import { signOutRoutes } from './sign-out/routes.ts'
import { openStore } from './stores/open-store.ts'
import { createAccessTokenVerifier } from './tokens/check-access-token.ts'
import { type ClaimsHook, createAccessTokenIssuer } from './tokens/issue-access-token.ts'
import { version } from './version.ts'

/** What a host application may do from within. */
export interface Hooks {
  /** More claims for every access token; see ClaimsHook for the names that are taken. */
  claims?: ClaimsHook
  /** Told of every audit event after it is stored: registration, log-in, theft … What it throws is logged. */
  onEvent?: (event: AuditEvent) => void | Promise<void>
  /** Default: silence. Pino's loggers fit. */
  logger?: Logger
  /** Default: the system's. What it differs from the store's is measured and corrected. */
  clock?: Clock
  /** Only for tests that decide what time it is: what the store tells. Default: the database's own time. */
  storeTime?: Clock
  /** Default: the system's. */
  randomness?: Randomness
  /**
   * Only for a process that runs nothing else: lets the HTTP adapter replace the global Request and Response, which
   * answers 2.5 times as fast. Default: false.
   */
  replaceGlobals?: boolean
}

/** A running Countersign. */
export interface Countersign {
  readonly settings: Settings
  /** For people: which database, where. */
  readonly description: string
  /** The routes as a Fetch handler. `remoteAddress` is what limits count by; without it all callers share one. */
  fetch(request: Request, info?: { readonly remoteAddress?: string }): Promise<Response>
  /** The routes for node:http, and with `next` for Express and Connect, under any prefix. */
  readonly handler: NodeHandler
  /** Verifies access tokens in process, revocations included. */
  readonly verifier: Verifier
  /** Who calls, by the token of an Authorization header, held against the account as it is now. */
  readonly authenticate: Authenticate
  readonly accounts: LibraryAccounts
  readonly keys: {
    list(): readonly KeyInfo[]
    rotate(options?: { readonly now?: boolean }): Promise<readonly KeyInfo[]>
  }
  hasAdministrator(): Promise<boolean>
  /** The OpenAPI 3.1 document. */
  openapi(): object
  /** The series in the text format of Prometheus. */
  metrics(): Promise<string>
  /** Finishes what runs, then closes the database. Stop listening first. */
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
    await state.store.close()
    throw error
  }
}

type Base = ReturnType<typeof openBase>
type State = Awaited<ReturnType<typeof openState>>
type Services = Awaited<ReturnType<typeof buildServices>>

/** What needs nothing else: checked settings, time, randomness, secrets. */
function openBase(options: CountersignOptions & Hooks) {
  const { claims, onEvent, logger, clock, storeTime, randomness, ...rest } = options
  const { replaceGlobals, ...configured } = rest
  const production = process.env['NODE_ENV'] === 'production'
  const checked = checkSettings(configured, { production })
  if (!checked.ok) throw new ConfigurationError(checked.mistakes)
  const localClock = clock ?? systemClock
  const storeClock = createStoreClock(localClock)
  const base = {
    settings: checked.settings,
    localClock,
    storeTime,
    storeClock,
    clock: storeClock.now,
    randomness: randomness ?? systemRandomness,
    logger: logger ?? silentLogger,
    claims,
    onEvent,
    replaceGlobals: replaceGlobals ?? false,
  }
  const secrets = openSecrets(base.settings, base.randomness)
  return { ...base, secrets, newId: createIdSource(base.clock, base.randomness) }
}

function openSecrets(settings: Settings, randomness: Randomness): MasterSecrets {
  const { database, secrets } = settings
  if (secrets.length > 0 || database.kind !== 'sqlite') return createMasterSecrets(secrets)
  return database.file === ':memory:'
    ? createMasterSecrets([randomness(32).toString('base64url')])
    : createMasterSecrets([loadOrCreateSecretFile(database.file, randomness)])
}

/** What persists, and the copy of it that is held in memory. */
async function openState(base: Base) {
  const { settings, clock, storeClock, randomness, secrets } = base
  const store = await openStore(settings, base.localClock, base.storeTime)
  try {
    // Before anything is decided by the time.
    await storeClock.measure(() => store.readTime())
    const keyring = await openKeyring({
      store,
      secrets,
      algorithm: settings.jwtAlgorithm,
      jwtSecret: settings.jwtSecret,
      accessTokenTtlSeconds: settings.accessTokenTtlSeconds,
      rotationSeconds: settings.keyRotationSeconds,
      clock,
      randomness,
    })
    const retentionMs = (keyring.longestTokenTtlSeconds() + 120) * 1000
    const revocations = new LiveRevocations(clock, retentionMs)
    const follower = createRevocationFollower(store, revocations, clock, retentionMs)
    await follower.follow()
    return {
      store,
      keyring,
      revocations,
      follower,
      revoking: createRevokingStore(store, revocations),
    }
  } catch (error) {
    await store.close()
    throw error
  }
}

/** What the flows share. */
async function buildServices(base: Base, state: State) {
  const { settings, clock, randomness, newId, secrets, logger } = base
  const { store, keyring, revocations, revoking } = state
  const queue = createHashQueue({
    concurrency: availableParallelism() + 1,
    maxWaiting: 256,
    maxWaitMs: 2_000,
  })
  const metrics = createMetrics({
    hashQueue: () => queue.depth(),
    liveRevocations: () => revocations.size,
  })
  const onEvent = async (event: AuditEvent): Promise<void> => {
    metrics.countEvent(event.type)
    await base.onEvent?.(event)
  }
  const audit = createAuditLog({ store, newId, clock, logger, onEvent })
  const hasher = await createPasswordHasher({ queue, randomness })
  const policy = { minLength: settings.passwordMinLength, common: settings.commonPasswords }
  const { roles, issuer, audience } = settings
  const opener = createAccountOpener({ store, hasher, policy, roles, newId, clock })
  const verifier = createAccessTokenVerifier({ keyring, issuer, audience, revocations, clock })
  const guard = createAdministratorGuard(store, { clock, newId })
  const credentials = buildCredentials(base, state)
  const administration = createAccountAdministration({
    accounts: store,
    revoking,
    guard,
    audit,
    clock,
  })
  const origins = { own: settings.publicUrl, allowed: settings.clientOrigins }
  const counter = createCallCounter({
    volume: new VolumeLimits(clock),
    audit,
    limits: { anonymous: settings.rateLimitAnonymous, user: settings.rateLimitUser },
    production: settings.production,
    onAuditFailure: (error) => logger.error({ err: error }, 'An audit event was lost'),
  })
  return {
    audit,
    hasher,
    policy,
    opener,
    verifier,
    credentials,
    administration,
    origins,
    counter,
    metrics,
    attempts: createAttemptLimits(store, clock),
    cookieGuard: createCookieGuard({ secrets, origins, audit }),
  }
}

/** What clients hold, and for how long. */
function buildCredentials({ settings, clock, randomness, secrets, claims }: Base, state: State) {
  const https = settings.publicUrl.startsWith('https:')
  return {
    secrets,
    clock,
    lives: {
      idleMs: settings.sessionIdleSeconds * 1000,
      maxMs: settings.sessionMaxSeconds * 1000,
      windowMs: settings.refreshWindowSeconds * 1000,
    },
    cookie: { name: https ? '__Host-refreshToken' : 'refreshToken', secure: https },
    issuer: createAccessTokenIssuer({
      ...settings,
      keyring: state.keyring,
      clock,
      randomness,
      tutorialClaims: settings.jwtSecret !== undefined,
      claims,
    }),
  }
}

function buildRoutes(base: Base, state: State, services: Services): Route[] {
  const { settings, secrets, clock, newId, randomness } = base
  const { store, keyring, revoking } = state
  const { audit, attempts, opener, credentials, hasher, policy, counter } = services
  const { lives } = credentials
  const shared = {
    secrets,
    clock,
    newId,
    randomness,
    audit,
    attempts,
    hasher,
    policy,
    lives,
    counter,
  }
  // A refresh that finds a theft ends the session: flows get no store that could do so unnoticed by this process.
  const sessions = { ...store, ...revoking }
  const common = { ...shared, opener, credentials, settings, revoking, sessions }
  const service = { name: 'Countersign', version, registration: settings.registration }
  const routes = [
    ...registerRoutes(common),
    ...signInRoutes({ ...common, store }),
    ...refreshRoutes({ ...common, guard: services.cookieGuard }),
    ...signOutRoutes({ ...common, guard: services.cookieGuard, verifier: services.verifier }),
    ...ownSessionsRoutes(common),
    ...passwordChangeRoutes(common),
    ...profileRoutes({ ...common, accounts: store, service }),
    ...administrationRoutes({
      ...common,
      accounts: store,
      administration: services.administration,
      roles: settings.roles,
    }),
    ...discoveryRoutes({ keyring, ...settings }),
    ...healthRoutes({ store, storeClock: base.storeClock }),
    ...metricsRoutes(services.metrics, settings.metricsToken),
  ]
  if (!settings.documentation) return routes
  const describe = () => describeService(routes, settings, credentials.cookie.name)
  return [...routes, ...documentationRoutes(describe)]
}

function describeService(routes: readonly Route[], settings: Settings, cookieName: string): object {
  const { publicUrl } = settings
  return describeRoutes(routes, { title: 'Countersign', version, publicUrl, cookieName })
}

function assemble(base: Base, state: State, services: Services): Countersign {
  const { settings, clock, logger, randomness } = base
  const { store, keyring, revocations, follower } = state
  const { audit, counter, metrics, verifier, origins, credentials } = services
  const routes = buildRoutes(base, state, services)
  const table = createRouteTable(routes)
  const proveBearer = createBearerProof(verifier, store)
  const application = createApplication({
    table,
    authenticate: createAuthenticateCall(proveBearer),
    counter,
    audit,
    origins,
    https: credentials.cookie.secure,
    trustedProxies: settings.trustedProxies,
    clock,
    logger,
    newRequestId: createRequestIds(randomness),
    onRequest: (record) => metrics.observeRequest(record),
  })
  const maintenance = startMaintenance({
    store,
    storeClock: base.storeClock,
    keyring,
    follower,
    revocations,
    sessionIdleMs: credentials.lives.idleMs,
    sessionMaxMs: credentials.lives.maxMs,
    auditRetentionMs: settings.auditRetentionSeconds * 1000,
    clock,
    logger,
  })
  const { policy, hasher, opener, administration } = services
  const { roles } = settings
  const library = { store, revoking: state.revoking, audit, clock, policy, hasher, opener, roles }
  return {
    settings,
    description: store.description,
    fetch: (request, info) =>
      application.answer(
        request.method,
        pathAndQuery(request.url),
        new FetchSource(request, info?.remoteAddress),
      ),
    handler: createNodeHandler(application, table, { replaceGlobals: base.replaceGlobals }),
    verifier,
    authenticate: createAuthenticate(proveBearer),
    accounts: createLibraryAccounts({ ...library, administration }),
    keys: {
      list: () => keyring.list(),
      rotate: async (options) => {
        const keys = await keyring.rotate({ now: options?.now ?? false })
        await audit.record('keys.rotated', { detail: { now: options?.now ?? false } })
        return keys
      },
    },
    hasAdministrator: async () => (await store.countOtherActiveAccounts(administratorRole, '')) > 0,
    openapi: () => describeService(routes, settings, credentials.cookie.name),
    metrics: () => metrics.render(),
    close: async () => {
      await maintenance.stop()
      await store.close()
    },
  }
}

/** Short, unique for as long as anybody keeps logs, and never the caller's. */
function createRequestIds(randomness: Randomness): () => string {
  const process = randomness(9).toString('base64url')
  let count = 0
  return () => `${process}-${(count++).toString(36)}`
}

/** For containers: ADMIN_USERNAME is made when nobody administers. Another account of that name is left alone. */
async function createFirstAdministrator(
  { settings, logger, clock, newId }: Base,
  { store }: State,
  { opener, audit }: Services,
): Promise<void> {
  const { administrator } = settings
  if (administrator === undefined) return
  await withLease(store, 'administrators', { clock, newId }, async () => {
    if ((await store.countOtherActiveAccounts(administratorRole, '')) > 0) return
    const opened = await opener.open({ ...administrator, role: administratorRole })
    if (!opened.ok) {
      const message =
        opened.reason === 'weak_password'
          ? `${opened.refusal.message}.`
          : `The first administrator cannot be made (${opened.reason}).`
      const option = opened.reason === 'weak_password' ? 'adminPassword' : 'adminUsername'
      throw new ConfigurationError([{ option, message }])
    }
    const { account } = opened
    await audit.record('account.created', {
      subjectId: account.id,
      detail: { role: account.role },
    })
    logger.info({ username: account.username }, 'Made the first administrator')
  })
}
