import { administrationRoutes } from '../administration/routes.ts'
import { createSecondFactorPolicy } from '../authentication/second-factor-policy.ts'
import type { Settings } from '../config/settings.ts'
import { deleteAccountRoutes } from '../delete-account/routes.ts'
import { developmentMailboxRoutes } from '../development-mailbox/routes.ts'
import { discoveryRoutes } from '../discovery/routes.ts'
import { documentationRoutes } from '../documentation/routes.ts'
import { healthRoutes } from '../health/routes.ts'
import { introspectionRoutes } from '../introspection/routes.ts'
import { metricsRoutes } from '../metrics-endpoint/routes.ts'
import { createFormerAddressNotice } from '../notices/notices.ts'
import { ownSessionsRoutes } from '../own-sessions/routes.ts'
import { passwordChangeRoutes } from '../password-change/routes.ts'
import { profileRoutes } from '../profile/routes.ts'
import { refreshRoutes } from '../refresh/routes.ts'
import { registerRoutes } from '../register/routes.ts'
import { revocationFeedRoutes } from '../revocation-feed/routes.ts'
import { describeRoutes } from '../routing/openapi.ts'
import type { Route } from '../routing/route.ts'
import { securityEventsRoutes } from '../security-events/routes.ts'
import { signOutRoutes } from '../sign-out/routes.ts'
import { verifyEmailMail } from '../verify-address/verify-address.ts'
import { version } from '../foundation/version.ts'
import type { Base } from './base.ts'
import type { Services } from './services.ts'
import type { State } from './state.ts'
import { buildWaysIn } from './ways-in.ts'

/** Every flow with what it needs. */
export function buildRoutes(base: Base, state: State, services: Services): Route[] {
  const { settings, secrets, clock, newId, randomness } = base
  const { store, keyring, revoking } = state
  const { audit, attempts, opener, credentials, devices, hasher, policy, counter } = services
  const { cookieGuard: guard, verifyToken, administration } = services
  const { lives } = credentials
  // A refresh that finds a theft ends the session: flows get no store that could do so unnoticed by this process.
  const sessions = { ...store, ...revoking }
  const common = {
    settings,
    secrets,
    clock,
    newId,
    randomness,
    audit,
    attempts,
    opener,
    credentials,
    devices,
    hasher,
    policy,
    counter,
    lives,
    revoking,
    sessions,
  }
  const { routes: waysIn, mailing } = buildWaysIn(base, state, services, common)
  const service = { name: 'Countersign', version, registration: settings.registration }
  const routes = [
    ...registerRoutes({
      ...common,
      askForVerification:
        mailing &&
        ((accountId, email) =>
          mailing.post(verifyEmailMail(mailing), { accountId, email, takesOver: true })),
    }),
    ...waysIn,
    ...developmentMailboxRoutes(services.mail?.mailbox),
    ...refreshRoutes({
      ...common,
      guard,
      needsSecondFactor: createSecondFactorPolicy(settings.secondFactor),
    }),
    ...signOutRoutes({ ...common, guard, verifyToken }),
    ...ownSessionsRoutes(common),
    ...securityEventsRoutes({ events: store }),
    ...deleteAccountRoutes({
      ...common,
      administration,
      tellDeleted: mailing && createFormerAddressNotice(mailing, mailing.post, 'account_deleted'),
    }),
    ...passwordChangeRoutes(common),
    ...profileRoutes({ ...common, accounts: store, service }),
    ...administrationRoutes({ ...common, accounts: store, administration, roles: settings.roles }),
    ...discoveryRoutes({ keyring, ...settings }),
    ...revocationFeedRoutes(services),
    ...introspectionRoutes({ proveBearer: services.proveBearer }),
    ...healthRoutes({ store, storeClock: base.storeClock, bus: state.bus, clock: base.localClock }),
    ...metricsRoutes(services.metrics, settings.metricsToken),
  ]
  if (!settings.documentation) return routes
  const describe = () => describeService(routes, settings, credentials.cookie.name)
  return [...routes, ...documentationRoutes(describe)]
}

/** The OpenAPI 3.1 document of these routes. */
export function describeService(
  routes: readonly Route[],
  settings: Settings,
  cookieName: string,
): object {
  const { publicUrl } = settings
  return describeRoutes(routes, { title: 'Countersign', version, publicUrl, cookieName })
}
