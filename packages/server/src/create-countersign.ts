import type { LocalVerifier } from '@countersign/verify'
import { createAdministratorGuard, administratorRole } from './accounts/last-administrator.ts'
import { createAccountOpener } from './accounts/open-account.ts'
import { recordAcceptedPassword } from './accounts/record-accepted-password.ts'
import { accountPagesRoutes } from './account-pages/routes.ts'
import { createAccountAdministration } from './administration/administer-accounts.ts'
import { administrationRoutes } from './administration/routes.ts'
import { createSignInCompletion, type PendingSignIn } from './authentication/finish-sign-in.ts'
import { createNewDeviceCheck } from './authentication/new-device.ts'
import { createSecondFactorPolicy } from './authentication/second-factor-policy.ts'
import { createAuditLog } from './audit/audit-log.ts'
import type { AuditEvent } from './audit/event.ts'
import { checkSettings } from './config/check-settings.ts'
import { ConfigurationError } from './config/configuration-error.ts'
import type { CountersignOptions } from './config/options.ts'
import { loadOrCreateSecretFile } from './config/secret-file.ts'
import type { Settings } from './config/settings.ts'
import { openPostgresBus } from './bus/postgres-bus.ts'
import { createCookieGuard } from './credentials/check-cookie-use.ts'
import { discoveryRoutes } from './discovery/routes.ts'
import { documentationRoutes } from './documentation/routes.ts'
import { systemClock } from './foundation/clock.ts'
import { createIdSource } from './foundation/ids.ts'
import { silentLogger } from './foundation/logger.ts'
import { createMasterSecrets, type MasterSecrets } from './foundation/master-secret.ts'
import { type Randomness, systemRandomness } from './foundation/randomness.ts'
import { createStoreClock } from './foundation/store-clock.ts'
import { createServiceAuthentication } from './credentials/authenticate-service.ts'
import { healthRoutes } from './health/routes.ts'
import { type KeyInfo, openKeyring } from './keys/keyring.ts'
import { introspectionRoutes } from './introspection/routes.ts'
import { createLibraryServices, type LibraryServices } from './library/services.ts'
import { createLibraryAccounts, type LibraryAccounts } from './library/accounts.ts'
import { type Authenticate, createAuthenticate } from './library/authenticate.ts'
import { checkHooks, type Hooks } from './library/hooks.ts'
import { withLease } from './leases/with-lease.ts'
import { createAttemptLimits } from './limits/attempt-limits.ts'
import { shareVolume } from './limits/share-volume.ts'
import { VolumeLimits } from './limits/volume-limits.ts'
import { startMaintenance } from './maintenance/schedule.ts'
import { announceKeyChange, hearInstances } from './maintenance/hear-instances.ts'
import { metricsRoutes } from './metrics-endpoint/routes.ts'
import { createMetrics } from './metrics/metrics.ts'
import { ownSessionsRoutes } from './own-sessions/routes.ts'
import { passwordChangeRoutes } from './password-change/routes.ts'
import { createTickets } from './one-time/tickets.ts'
import { createHashQueue } from './passwords/hash-queue.ts'
import { hashesAtOnce } from './passwords/hashes-at-once.ts'
import { createPasswordHasher } from './passwords/password-hasher.ts'
import { profileRoutes } from './profile/routes.ts'
import { refreshRoutes } from './refresh/routes.ts'
import { registerRoutes } from './register/routes.ts'
import { connectRedis } from './redis/redis-connection.ts'
import { createRedisAttemptStore } from './redis/redis-attempt-store.ts'
import { createRedisBus } from './redis/redis-bus.ts'
import { createRevocationFeed } from './revocation-feed/feed.ts'
import { createFeedStreams } from './revocation-feed/feed-streams.ts'
import { revocationFeedRoutes } from './revocation-feed/routes.ts'
import { announceRevocation } from './revocation/announce-revocations.ts'
import { createRevocationFollower } from './revocation/follow-revocations.ts'
import { LiveRevocations } from './revocation/live-revocations.ts'
import type { Revocation } from './revocation/store.ts'
import { createRevokingStore } from './revocation/revoking-store.ts'
import { type Application, createApplication } from './routing/application.ts'
import { createAuthenticateCall, createBearerProof } from './routing/authenticate-call.ts'
import { createCallCounter } from './routing/count-call.ts'
import { createEmailCheck, secondFactorMail } from './email-factor/email-factor.ts'
import { type EmailFactorRouteParts, emailFactorRoutes } from './email-factor/routes.ts'
import { deleteAccountRoutes } from './delete-account/routes.ts'
import { createDeletionNotice, createNotices, noticeMail } from './notices/notices.ts'
import { securityEventsRoutes } from './security-events/routes.ts'
import {
  type CodeLink,
  codeLifeMs,
  type CodeRequest,
  signInMail,
} from './sign-in-by-mail/sign-in-by-mail.ts'
import { type SignInByMailParts, signInByMailRoutes } from './sign-in-by-mail/routes.ts'
import { developmentMailboxRoutes } from './development-mailbox/routes.ts'
import {
  type ResetFacts,
  resetLifeMs,
  resetPasswordMail,
} from './forgotten-password/forgotten-password.ts'
import {
  type ForgottenPasswordParts,
  forgottenPasswordRoutes,
} from './forgotten-password/routes.ts'
import {
  type ChangeFacts,
  changeEmailMail,
  changeLifeMs,
  emailChangedMail,
  type UndoFacts,
  undoLifeMs,
} from './change-address/change-address.ts'
import { type ChangeAddressParts, changeAddressRoutes } from './change-address/routes.ts'
import {
  type VerificationFacts,
  verificationLifeMs,
  verifyEmailMail,
} from './verify-address/verify-address.ts'
import { type VerifyAddressParts, verifyAddressRoutes } from './verify-address/routes.ts'
import {
  createPasswordCheck,
  createRecoveryProof,
  type ProofChecks,
} from './authentication/prove-second-factor.ts'
import { createDevelopmentMailbox } from './mail/development-mailbox.ts'
import { createLinkMaker } from './mail/links.ts'
import { createOutbox } from './mail/outbox.ts'
import { openSmtpTransport } from './mail/smtp-transport.ts'
import { en } from './mail/texts/en.ts'
import { createFetchHandler, type FetchHandler } from './routing/fetch-handler.ts'
import { createNodeHandler, type NodeHandler } from './routing/node-handler.ts'
import { describeRoutes } from './routing/openapi.ts'
import type { Route } from './routing/route.ts'
import { createRouteTable, type RouteTable } from './routing/route-table.ts'
import { RunningCalls } from './routing/running-calls.ts'
import { secondStepRoutes } from './second-step/routes.ts'
import { signInRoutes } from './sign-in/routes.ts'
import { signOutRoutes } from './sign-out/routes.ts'
import { stepUpRoutes } from './step-up/routes.ts'
import { openStore } from './stores/open-store.ts'
import { createKeyLookUp } from './tokens/look-up-key.ts'
import { createAccessTokenVerifier } from './tokens/check-access-token.ts'
import { createAccessTokenIssuer } from './tokens/issue-access-token.ts'
import { signCompact } from './tokens/sign-compact.ts'
import { version } from './version.ts'

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
    rotate(options?: { readonly now?: boolean }): Promise<readonly KeyInfo[]>
  }
  readonly services: LibraryServices
  hasAdministrator(): Promise<boolean>
  /** The OpenAPI 3.1 document. */
  openapi(): object
  /** The series in the text format of Prometheus. */
  metrics(): Promise<string>
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

type Base = ReturnType<typeof openBase>
type State = Awaited<ReturnType<typeof openState>>
type Services = Awaited<ReturnType<typeof buildServices>>

/** What needs nothing else: checked settings, time, randomness, secrets. */
function openBase(options: CountersignOptions & Hooks) {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    const message = 'The options have to be an object: createCountersign({ … }).'
    throw new ConfigurationError([{ option: undefined, message }])
  }
  const {
    claims,
    onEvent,
    sendMail,
    mailTexts,
    logger,
    clock,
    storeTime,
    randomness,
    ...configured
  } = options
  const production = process.env['NODE_ENV'] === 'production'
  const checked = checkSettings(configured, { production })
  const mistakes = [...(checked.ok ? [] : checked.mistakes), ...checkHooks(options)]
  if (!checked.ok || mistakes.length > 0) throw new ConfigurationError(mistakes)
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
    sendMail,
    texts: { ...en, ...mailTexts },
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
  const { settings, clock, storeClock, randomness, secrets, logger } = base
  const store = await openStore(settings, base.localClock, base.storeTime)
  const { redis, bus } = await openBus(base)
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
      ...(bus && { onChange: () => announceKeyChange(bus) }),
    })
    const retentionMs = (keyring.longestTokenTtlSeconds() + 120) * 1000
    const revocations = new LiveRevocations(clock, retentionMs)
    const follower = createRevocationFollower(store, revocations, clock, retentionMs)
    await follower.follow()
    if (bus) hearInstances(bus, { keyring, revocations, clock, logger })
    const note = (revocation: Revocation): void => {
      revocations.note(revocation)
      if (bus) announceRevocation(bus, revocation)
    }
    return {
      store,
      bus,
      keyring,
      revocations,
      follower,
      revoking: createRevokingStore(store, { note }),
      attempts: redis ? createRedisAttemptStore(redis, store, redisName(settings)) : store,
      isShared: redis !== undefined || settings.database.kind !== 'sqlite',
    }
  } catch (error) {
    await bus?.close()
    await store.close()
    throw error
  }
}

/** What tells the other instances: Redis where it is configured, else PostgreSQL's own; else they poll. */
async function openBus({ settings, logger }: Base) {
  const { redisUrl, database } = settings
  if (redisUrl !== undefined) {
    const redis = await connectRedis(redisUrl, logger)
    return { redis, bus: createRedisBus(redis, redisName(settings)) }
  }
  const bus = database.kind === 'postgres' ? await openPostgresBus(database) : undefined
  return { redis: undefined, bus }
}

/** Instances that share a database share the issuer; others on the same Redis have another. */
function redisName({ issuer }: Settings): string {
  return `countersign ${issuer} `
}

/** What the flows share. */
async function buildServices(base: Base, state: State) {
  const { settings, clock, randomness, newId, secrets, logger } = base
  const { store, keyring, revocations, revoking } = state
  const queue = createHashQueue({
    concurrency: hashesAtOnce(),
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
  const mail = await openMail(base, state)
  const links = createLinkMaker(settings.accountPagesUrl, settings.serviceName)
  const notify =
    mail && createNotices({ accounts: store, links, texts: base.texts }, mail.outbox.post)
  const audit = createAuditLog({ store, newId, clock, logger, notify, onEvent })
  const hasher = await createPasswordHasher({ queue, randomness })
  const policy = { minLength: settings.passwordMinLength, common: settings.commonPasswords }
  const { roles, issuer, audience } = settings
  const opener = createAccountOpener({ store, hasher, policy, roles, newId, clock })
  const verifier = createAccessTokenVerifier({ keyring, issuer, audience, revocations, clock })
  const guard = createAdministratorGuard(store, { clock, newId })
  const credentials = buildCredentials(base, state)
  const administration = createAccountAdministration({
    accounts: store,
    factors: store,
    revoking,
    guard,
    audit,
    clock,
  })
  const origins = { own: settings.publicUrl, allowed: settings.clientOrigins }
  const volume = new VolumeLimits(clock)
  const counter = createCallCounter({
    volume,
    audit,
    limits: { anonymous: settings.rateLimitAnonymous, user: settings.rateLimitUser },
    production: settings.production,
    onAuditFailure: (error) => logger.error({ err: error }, 'An audit event was lost'),
  })
  return {
    audit,
    mail,
    links,
    ...buildFeed(base, state),
    proveBearer: createBearerProof(verifier, createKeyLookUp(keyring), store),
    hasher,
    policy,
    opener,
    verifier,
    credentials,
    administration,
    origins,
    counter,
    volume,
    metrics,
    attempts: createAttemptLimits(state.attempts, clock),
    cookieGuard: createCookieGuard({ secrets, origins, audit }),
  }
}

/** What services that verify by themselves follow. */
function buildFeed({ settings, clock }: Base, { store, keyring, revocations, follower }: State) {
  const { issuer: iss } = settings
  const feed = createRevocationFeed({
    revocations,
    follower,
    sign: (page) =>
      signCompact('countersign-revocations+jwt', { iss, ...page }, keyring.signingKey()),
    clock,
  })
  return { feed, streams: createFeedStreams(feed, store) }
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
  const completion = buildCompletion(base, state, services)
  const checks = buildProofChecks(base, state, services)
  const mailing = buildMailing(base, state, services, checks)
  const service = { name: 'Countersign', version, registration: settings.registration }
  const routes = [
    ...registerRoutes({
      ...common,
      askForVerification:
        mailing &&
        ((accountId) => mailing.post(verifyEmailMail(mailing), { accountId, takesOver: true })),
    }),
    ...signInRoutes({ ...common, store, completion }),
    ...stepUpRoutes({ ...common, completion }),
    ...secondStepRoutes({ ...common, completion, checks }),
    ...(mailing
      ? [
          ...mailRoutes(mailing, { ...common, completion, signInByMail: settings.signInByMail }),
          ...accountPagesRoutes(),
        ]
      : []),
    ...developmentMailboxRoutes(services.mail?.mailbox),
    ...refreshRoutes({ ...common, guard: services.cookieGuard }),
    ...signOutRoutes({ ...common, guard: services.cookieGuard, verifier: services.verifier }),
    ...ownSessionsRoutes(common),
    ...securityEventsRoutes({ events: store }),
    ...deleteAccountRoutes({
      ...common,
      administration: services.administration,
      tellDeleted: mailing && createDeletionNotice(mailing, mailing.post),
    }),
    ...passwordChangeRoutes(common),
    ...profileRoutes({ ...common, accounts: store, service }),
    ...administrationRoutes({
      ...common,
      accounts: store,
      administration: services.administration,
      roles: settings.roles,
    }),
    ...discoveryRoutes({ keyring, ...settings }),
    ...revocationFeedRoutes(services),
    ...introspectionRoutes({ proveBearer: services.proveBearer }),
    ...healthRoutes({ store, storeClock: base.storeClock, bus: state.bus }),
    ...metricsRoutes(services.metrics, settings.metricsToken),
  ]
  if (!settings.documentation) return routes
  const describe = () => describeService(routes, settings, credentials.cookie.name)
  return [...routes, ...documentationRoutes(describe)]
}

/** The kinds of second factor that are a text. */
function buildProofChecks(base: Base, { store }: State, services: Services): ProofChecks {
  const parts = { ...base, ...services, accounts: store, challenges: store }
  return {
    password: createPasswordCheck(services.hasher),
    ...(services.mail && { email: createEmailCheck(parts) }),
  }
}

/** What the flows that write mails share; undefined where mails go nowhere. */
function buildMailing(base: Base, { store }: State, services: Services, checks: ProofChecks) {
  if (services.mail === undefined) return undefined
  const tickets = { ...base, store }
  return {
    accounts: store,
    links: services.links,
    texts: base.texts,
    newId: base.newId,
    post: services.mail.outbox.post,
    resets: createTickets<ResetFacts>(tickets, 'reset-password', resetLifeMs),
    verifications: createTickets<VerificationFacts>(tickets, 'verify-email', verificationLifeMs),
    changes: createTickets<ChangeFacts>(tickets, 'change-email', changeLifeMs),
    undos: createTickets<UndoFacts>(tickets, 'undo-email', undoLifeMs),
    codeRequests: createTickets<CodeRequest>(tickets, 'sign-in-request', codeLifeMs),
    codeLinks: createTickets<CodeLink>(tickets, 'sign-in-link', codeLifeMs),
    challenges: store,
    factors: store,
    proveSecondFactor: createRecoveryProof({ ...base, ...services, factors: store, checks }),
    outbox: services.mail.outbox,
  }
}

type Mailing = NonNullable<ReturnType<typeof buildMailing>>
type MailFlowParts = Omit<
  ForgottenPasswordParts &
    VerifyAddressParts &
    ChangeAddressParts &
    SignInByMailParts &
    EmailFactorRouteParts,
  keyof Mailing
>

/** The flows that write mails, and what they write. */
function mailRoutes(
  mailing: Mailing,
  common: MailFlowParts & { readonly signInByMail: boolean },
): Route[] {
  const parts = { ...common, ...mailing }
  mailing.outbox.register([
    resetPasswordMail(parts),
    verifyEmailMail(parts),
    changeEmailMail(parts),
    emailChangedMail(parts),
    signInMail(parts),
    secondFactorMail(parts),
    noticeMail(parts),
  ])
  return [
    ...forgottenPasswordRoutes(parts),
    ...verifyAddressRoutes(parts),
    ...changeAddressRoutes(parts),
    ...emailFactorRoutes(parts),
    ...(parts.signInByMail ? signInByMailRoutes(parts) : []),
  ]
}

/** Where mails go. In production without SMTP they go nowhere, and the flows that need them are not there. */
async function openMail(base: Base, { store }: State) {
  const { settings, sendMail, logger } = base
  const mailbox =
    settings.smtp || sendMail || settings.production ? undefined : createDevelopmentMailbox(logger)
  const hook = sendMail && { description: 'the host', send: sendMail, close: () => undefined }
  const transport = settings.smtp
    ? await openSmtpTransport(settings.smtp, settings.mailFrom)
    : (hook ?? mailbox)
  return transport && { mailbox, transport, outbox: createOutbox({ ...base, store, transport }) }
}

/** What every way of logging in ends with. */
function buildCompletion(base: Base, { store, revoking }: State, services: Services) {
  return createSignInCompletion({
    ...base,
    ...services,
    accounts: store,
    factors: store,
    sessions: store,
    revoking,
    pending: createTickets<PendingSignIn>({ ...base, store }, 'pending-sign-in', 600_000),
    isNewDevice: createNewDeviceCheck(services.mail && store),
    needsSecondFactor: createSecondFactorPolicy(base.settings.secondFactor),
    sendsMail: services.mail !== undefined,
  })
}

function describeService(routes: readonly Route[], settings: Settings, cookieName: string): object {
  const { publicUrl } = settings
  return describeRoutes(routes, { title: 'Countersign', version, publicUrl, cookieName })
}

/** The routes behind their guards, and the calls that run. */
function buildApplication(base: Base, { store }: State, services: Services, table: RouteTable) {
  const { settings, clock, logger, randomness } = base
  const { audit, counter, metrics, proveBearer, origins, credentials } = services
  const calls = new RunningCalls()
  const routed = createApplication({
    table,
    authenticate: createAuthenticateCall(
      proveBearer,
      createServiceAuthentication({
        services: store,
        audit,
        countStranger: (context) => counter.count(context, { kind: 'address' }),
      }),
    ),
    counter,
    audit,
    origins,
    https: credentials.cookie.secure,
    trustedProxies: settings.trustedProxies,
    recentAuthenticationSeconds: settings.recentAuthenticationSeconds,
    clock,
    logger,
    newRequestId: createRequestIds(randomness),
    onRequest: (record) => metrics.observeRequest(record),
  })
  const application: Application = {
    ...routed,
    answer: (method, target, source) => calls.run(() => routed.answer(method, target, source)),
  }
  return { application, calls }
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
    follower,
    revocations,
    sessionIdleMs: credentials.lives.idleMs,
    sessionMaxMs: credentials.lives.maxMs,
    auditRetentionMs: settings.auditRetentionSeconds * 1000,
    shareVolume: state.isShared
      ? () => shareVolume(services.volume, state.attempts, clock)
      : undefined,
    sendMails: sendMailsOf(services),
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
    const { account, warning } = opened
    const who = { actorId: null, subjectId: account.id }
    await audit.record('account.created', { ...who, detail: { role: account.role } })
    await recordAcceptedPassword(audit, warning, who)
    logger.info({ username: account.username }, 'Made the first administrator')
  })
}

function sendMailsOf({ mail }: Services): (() => Promise<void>) | undefined {
  return mail && (() => mail.outbox.work())
}
