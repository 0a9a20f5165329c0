import { createServiceAuthentication } from '../credentials/authenticate-service.ts'
import type { Randomness } from '../foundation/randomness.ts'
import { type Application, createApplication } from '../routing/application.ts'
import { createAuthenticateCall } from '../routing/authenticate-call.ts'
import type { RouteTable } from '../routing/route-table.ts'
import { RunningCalls } from '../routing/running-calls.ts'
import type { Base } from './base.ts'
import type { Services } from './services.ts'
import type { State } from './state.ts'

/** The routes behind their guards, and the calls that run. */
export function buildApplication(
  base: Base,
  { store }: State,
  services: Services,
  table: RouteTable,
): { readonly application: Application; readonly calls: RunningCalls } {
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

/** Short, unique for as long as anybody keeps logs, and never the caller's. */
function createRequestIds(randomness: Randomness): () => string {
  const process = randomness(9).toString('base64url')
  let count = 0
  return () => `${process}-${(count++).toString(36)}`
}
