import type { Server } from 'node:http'
import { type Countersign, createCountersign } from '@countersign/server'
import { formatMistake, type Settings } from '@countersign/server/config'
import type { Command } from '../command-line/command.ts'
import { exitCodes } from '../command-line/exit-codes.ts'
import { renderVariables } from '../command-line/help.ts'
import type { Terminal } from '../command-line/terminal.ts'
import { adviseOnProduction } from '../configuration/advise.ts'
import { loadConfiguration } from '../configuration/load-configuration.ts'
import { renderAnnouncement } from '../serve/announce.ts'
import { drain, untilStopped } from '../serve/drain.ts'
import { findFreePort } from '../serve/free-port.ts'
import { serveGuarded } from '../serve/guard-connections.ts'
import { listen } from '../serve/listen.ts'
import { createLog } from '../serve/log.ts'
import { serveMetrics } from '../serve/metrics-server.ts'
import { createServer } from '../serve/node-http.ts'
import { refuseUnreadable } from '../serve/refuse-unreadable.ts'

export const start: Command = {
  name: 'start',
  summary: 'Starts the server',
  words: [],
  options: {},
  details: renderVariables(),
  run: async (_call, terminal) => {
    const { options, settings, warnings } = loadConfiguration()
    const log = createLog({ level: settings.logLevel, fd: 1 })
    for (const warning of warnings) log.warn({}, formatMistake(warning))
    const stopped = untilStopped()
    // The public URL names the port, so a free one is found first.
    const port = settings.port === 0 ? await findFreePort(settings.host) : settings.port
    const auth = await createCountersign({ ...options, port, logger: log })
    for (const advice of adviseOnProduction(auth.settings)) log.warn({}, advice)
    try {
      const servers = await open(auth, { ...settings, port }, terminal)
      await stopped
      log.info({}, 'Stopping: running requests are finished first')
      const drained = servers.map(drain)
      auth.endStreams()
      await Promise.all(drained)
    } finally {
      await auth.close()
    }
    return exitCodes.done
  },
}

/** Listens, and says so once requests are answered. */
async function open(
  auth: Countersign,
  settings: Settings,
  terminal: Terminal,
): Promise<readonly Server[]> {
  const { host, port, production } = settings
  const server = createServer(serverOptions)
  const https = settings.publicUrl.startsWith('https:')
  serveGuarded(server, refuseUnreadable(server, auth.handler, { https }))
  await listen(server, port, host)
  try {
    const metrics =
      settings.metricsPort === undefined
        ? undefined
        : await serveMetrics(auth, settings.metricsPort, host)
    const hasAdministrator = await auth.hasAdministrator()
    const facts = { metricsUrl: metrics?.url, hasAdministrator }
    // In production standard output is for structured lines alone.
    if (production) terminal.complain(renderAnnouncement(auth, facts))
    else terminal.print(renderAnnouncement(auth, facts))
    return metrics ? [server, metrics.server] : [server]
  } catch (error) {
    server.close()
    throw error
  }
}

const serverOptions = {
  // A request, its body included, has half a minute; its header ten seconds: a slow client holds a socket, not more.
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 2_000,
  // Longer than the idle time of the usual proxies, which would otherwise send into a connection that just closed.
  keepAliveTimeout: 65_000,
  // One that has no Host is refused by us, in our words.
  requireHostHeader: false,
}
