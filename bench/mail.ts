import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { SMTPServer } from 'smtp-server'
import { systemClock } from '../packages/server/src/foundation/clock.ts'
import { openSqliteStore } from '../packages/server/src/stores/sql/open-sqlite-store.ts'
import type { Bench } from './bench.ts'
import { compare, type Series } from './compare.ts'
import { startCountersign } from './contenders.ts'
import { interleave } from './interleave.ts'
import { populate } from './population.ts'
import type { Section } from './result.ts'
import { loadServer, type ServerUnderLoad, type Turn } from './server-under-load.ts'

const clients = 16
const pauseMs = 100

/** POST /api/auth/password/forgot, while mails arrive and while the mail server never says a word. */
export async function measureMail(bench: Bench): Promise<Section> {
  const { plan, directory } = bench
  const home = join(directory, 'mail')
  await using mailServer = await startMailServer()
  await using blackHole = await startBlackHole()
  const known = await populateWithAddresses(join(home, 'well'), plan.fewAccounts)
  await populateWithAddresses(join(home, 'black-hole'), plan.fewAccounts)
  const start = (name: string, port: number): Promise<ServerUnderLoad> =>
    startCountersign(join(home, name), bench.cores.server, {
      SMTP_URL: `smtp://127.0.0.1:${port}`,
      MAIL_FROM: 'accounts@example.com',
      RATE_LIMIT_MAIL: '999999999/1h',
    })
  await using well = await start('well', mailServer.port)
  await using silent = await start('black-hole', blackHole.port)
  const turns = await interleave(plan, {
    well: () => ask(bench, well, known),
    silent: () => ask(bench, silent, known),
  })
  if (!plan.isQuick && mailServer.received() === 0) throw new Error('No mail arrived')
  const beside = p99Of('mails arrive', turns.well)
  return {
    title: 'POST /api/auth/password/forgot',
    method: `p99 with ${clients} clients that wait ${pauseMs} ms between two requests; every answer waits until its mail is durable in the queue, never until it is sent.`,
    results: [
      compare(
        p99Of('The mail server accepts connections and never answers', turns.silent),
        beside,
        {
          of: 'ratio',
          rule: 'below',
          bound: 1.2,
        },
      ),
    ],
    notes: [],
  }
}

function ask({ plan, cores }: Bench, server: ServerUnderLoad, addresses: string): Promise<Turn> {
  return loadServer(server, cores.generator, {
    script: 'forgot.lua',
    scriptArguments: [addresses, `${pauseMs}`],
    connections: clients,
    // The slowest hundredth of a short turn is a handful of requests.
    seconds: 3 * plan.seconds,
  })
}

function p99Of(name: string, turns: readonly Turn[]): Series {
  return { name, unit: 'ms', values: turns.map(({ p99Ms }) => p99Ms) }
}

/** @returns a file with the verified address of every account */
async function populateWithAddresses(home: string, size: number): Promise<string> {
  const { databaseFile } = await populate(home, size)
  const store = await openSqliteStore({ file: databaseFile, clock: systemClock })
  let count = 0
  let afterId = ''
  for (;;) {
    const page = await store.listAccounts({ afterId, limit: 100 })
    const last = page.at(-1)
    if (last === undefined) break
    afterId = last.id
    const confirmations = page.map(({ id, email: seen, sessionEpoch: seenEpoch }) => {
      const address = addressOf(count++)
      const change = { seen, seenEpoch, email: { address, key: address } }
      return store.confirmEmail(id, change, systemClock())
    })
    await Promise.all(confirmations)
  }
  await store.close()
  const file = join(home, 'addresses.txt')
  const lines = Array.from({ length: count }, (_, number) => addressOf(number))
  writeFileSync(file, `${lines.join('\n')}\n`)
  return file
}

const addressOf = (number: number): string => `somebody${number}@example.com`

interface Listening extends AsyncDisposable {
  readonly port: number
}

/** Takes every mail and throws it away. */
async function startMailServer(): Promise<Listening & { readonly received: () => number }> {
  let received = 0
  const mailServer = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: (stream, _session, done) => {
      stream.resume().once('end', () => {
        received++
        done()
      })
    },
  })
  const port = await listen(mailServer.server)
  const close = (): Promise<void> => new Promise((resolve) => mailServer.close(() => resolve()))
  return { port, received: () => received, [Symbol.asyncDispose]: close }
}

/** Takes connections and never says a word. */
async function startBlackHole(): Promise<Listening> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined).resume())
  })
  const port = await listen(server)
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  }
  return { port, [Symbol.asyncDispose]: close }
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}
