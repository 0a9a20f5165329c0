import type { LocalVerifier } from '@countersign/verify'
import { createAdministratorGuard } from '../accounts/last-administrator.ts'
import {
  type AccountOpener,
  type PasswordPolicy,
  createAccountOpener,
} from '../accounts/open-account.ts'
import {
  type AccountAdministration,
  createAccountAdministration,
} from '../administration/administer-accounts.ts'
import { type AuditLog, createAuditLog } from '../audit/audit-log.ts'
import type { AuditEvent } from '../audit/event.ts'
import type { Settings } from '../config/settings.ts'
import { type CookieGuard, createCookieGuard } from '../credentials/check-cookie-use.ts'
import { createDeviceCookies, type DeviceCookies } from '../credentials/device-cookie.ts'
import type { CredentialParts } from '../credentials/token-answer.ts'
import type { OriginPolicy } from '../http/origin.ts'
import { type AttemptLimits, createAttemptLimits } from '../limits/attempt-limits.ts'
import { VolumeLimits } from '../limits/volume-limits.ts'
import { type LinkMaker, createLinkMaker } from '../mail/links.ts'
import { type Metrics, createMetrics } from '../metrics/metrics.ts'
import { createNotices } from '../notices/notices.ts'
import { createHashQueue } from '../passwords/hash-queue.ts'
import { hashesAtOnce } from '../passwords/hashes-at-once.ts'
import { type PasswordHasher, createPasswordHasher } from '../passwords/password-hasher.ts'
import { type FeedStreams, createFeedStreams } from '../revocation-feed/feed-streams.ts'
import { type RevocationFeed, createRevocationFeed } from '../revocation-feed/feed.ts'
import { type ProveBearer, createBearerProof } from '../routing/authenticate-call.ts'
import { type CallCounter, createCallCounter } from '../routing/count-call.ts'
import { createAccessTokenVerifier } from '../tokens/check-access-token.ts'
import { createKeyLookUp, createTokenCheck, type VerifyToken } from '../tokens/look-up-key.ts'
import { signCompact } from '../tokens/sign-compact.ts'
import type { Base } from './base.ts'
import { buildCredentials, cookieOf } from './credentials.ts'
import { type CarriedMail, openMail } from './mailing.ts'
import type { State } from './state.ts'

/** What the flows share. */
export interface Services {
  readonly audit: AuditLog
  /** Undefined where mails go nowhere. */
  readonly mail: CarriedMail | undefined
  readonly links: LinkMaker
  readonly feed: RevocationFeed
  readonly streams: FeedStreams
  readonly verifyToken: VerifyToken
  readonly proveBearer: ProveBearer
  readonly hasher: PasswordHasher
  readonly policy: PasswordPolicy
  readonly opener: AccountOpener
  readonly verifier: LocalVerifier
  readonly credentials: CredentialParts
  readonly administration: AccountAdministration
  readonly origins: OriginPolicy
  readonly counter: CallCounter
  readonly volume: VolumeLimits
  readonly metrics: Metrics
  readonly attempts: AttemptLimits
  readonly cookieGuard: CookieGuard
  readonly devices: DeviceCookies
}

export async function buildServices(base: Base, state: State): Promise<Services> {
  const { settings, clock, randomness, newId, secrets, logger } = base
  const { store, keyring, revocations, revoking } = state
  const queue = createHashQueue({
    concurrency: hashesAtOnce(),
    maxWaiting: 256,
    maxWaitMs: 2_000,
    together: { size: 16, maxWaitMs: 80 },
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
  const attempts = createAttemptLimits(state.attempts, clock)
  const notify =
    mail && createNotices({ ...base, accounts: store, links, post: mail.outbox.post, attempts })
  const audit = createAuditLog({ store, newId, clock, logger, notify, onEvent })
  const hasher = await createPasswordHasher({ queue, randomness })
  const policy = policyOf(settings)
  const { roles, issuer, audience } = settings
  const opener = createAccountOpener({ store, hasher, policy, roles, newId, clock })
  const verifier = createAccessTokenVerifier({ keyring, issuer, audience, revocations, clock })
  const verifyToken = createTokenCheck(verifier, createKeyLookUp(keyring))
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
    verifyToken,
    proveBearer: createBearerProof(verifyToken, store, state.follower),
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
    attempts,
    cookieGuard: createCookieGuard({ secrets, origins, audit }),
    devices: createDeviceCookies({ ...base, cookie: cookieOf(settings, 'device') }),
  }
}

function policyOf({ passwordMinLength, commonPasswords, serviceName }: Settings): PasswordPolicy {
  return { minLength: passwordMinLength, common: commonPasswords, service: serviceName }
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
