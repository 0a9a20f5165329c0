// Mail: what the service writes to people. This folder owns the queue in the store, the texts, the layout and the
// transports. A flow says which mail it wants; what stands in it is made when it is sent, by the flow's own composer, so
// that a request does the same work whether the address belongs to anybody or not.

import type { Clock } from '../foundation/clock.ts'
import type { IdSource } from '../foundation/ids.ts'
import type { Logger } from '../foundation/logger.ts'
import { type MasterSecrets, open, seal } from '../foundation/master-secret.ts'
import type { Randomness } from '../foundation/randomness.ts'
import type { MailMessage } from './content.ts'
import type { MailStore, QueuedMail } from './store.ts'

/** One kind of mail, and how it is written when its turn comes. */
export interface MailKind<Facts extends object> {
  readonly kind: string
  /** How long it is worth being sent. */
  readonly lifeMs: number
  /** Undefined: there is nobody to write to. */
  compose(facts: Facts): Promise<MailMessage | undefined>
}

/** Puts a mail into the queue; durable when its promise resolves. */
export type PostMail = <Facts extends object>(kind: MailKind<Facts>, facts: Facts) => Promise<void>

/** Hands a mail on; rejects when it could not. */
export interface MailTransport {
  /** For people: where mails go. */
  readonly description: string
  send(message: MailMessage): Promise<void>
  close(): void
}

export interface OutboxParts {
  readonly store: MailStore
  readonly transport: MailTransport
  readonly secrets: MasterSecrets
  readonly newId: IdSource
  readonly randomness: Randomness
  readonly clock: Clock
  readonly logger: Logger
}

export interface Outbox {
  readonly post: PostMail
  /** Which mails this process can write. */
  register(kinds: readonly MailKind<never>[]): void
  /** Sends what is due. */
  work(): Promise<void>
  /** Begins nothing more, and waits for what is being sent. */
  stop(): Promise<void>
}

/** Soon after the answer, together with others of the moment; what is lost here is found by the timer. */
const wakeAfterMs = 10
const batch = 20
const concurrency = 4
/** Longer than the transport takes to give up. */
const claimMs = 180_000
const firstDelayMs = 15_000
const longestDelayMs = 3_600_000
const purpose = 'mail'

export function createOutbox(parts: OutboxParts): Outbox {
  const { store, secrets, newId, randomness, clock, logger } = parts
  const kinds = new Map<string, MailKind<never>>()
  let running: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  let isStopped = false
  const work = async (): Promise<void> => {
    const due = await store.listDueMails(clock(), batch)
    for (let at = 0; at < due.length; at += concurrency) {
      await Promise.all(due.slice(at, at + concurrency).map((mail) => sendOne(parts, kinds, mail)))
    }
  }
  const wake = (): void => {
    timer = undefined
    running ??= work()
      .catch((error: unknown) => logger.error({ err: error }, 'Could not send mails'))
      .finally(() => {
        running = undefined
      })
  }
  return {
    register: (more) => {
      for (const kind of more) kinds.set(kind.kind, kind)
    },
    post: async ({ kind, lifeMs }, facts) => {
      const now = clock()
      const payload = seal(secrets, purpose, Buffer.from(JSON.stringify(facts)), randomness)
      const times = { dueAt: now, createdAt: now, expiresAt: now + lifeMs }
      await store.enqueueMail({ id: newId(), kind, payload, attempts: 0, ...times })
      // After the answer: whoever measures it learns nothing of what sending takes.
      if (!isStopped) timer ??= setTimeout(wake, wakeAfterMs).unref()
    },
    work: async () => {
      await running
      await work()
    },
    stop: async () => {
      isStopped = true
      clearTimeout(timer)
      await running
    },
  }
}

/** Sends one mail, unless another instance does. */
async function sendOne(
  parts: OutboxParts,
  kinds: ReadonlyMap<string, MailKind<never>>,
  mail: QueuedMail,
): Promise<void> {
  const { store, clock, logger } = parts
  const kind = kinds.get(mail.kind)
  // A newer version's mail is for an instance that knows it.
  if (kind === undefined && mail.expiresAt > clock()) return
  if (!(await store.claimMail(mail, clock() + claimMs))) return
  const attempts = mail.attempts + 1
  try {
    if (kind !== undefined && mail.expiresAt > clock()) await composeAndSend(parts, kind, mail)
    else logger.error({ kind: mail.kind, attempts }, 'A mail was given up: it is too old')
    await store.removeMail(mail.id, attempts)
  } catch (error) {
    const delay = Math.min(firstDelayMs * 2 ** mail.attempts, longestDelayMs)
    // Told when it is so: whoever is killed in between leaves the mail claimed, and others wait for that to run out.
    await store.postponeMail(mail.id, attempts, clock() + delay).finally(() => {
      logger.error({ err: error, kind: mail.kind, attempts }, 'A mail could not be sent')
    })
  }
}

async function composeAndSend(
  { secrets, transport, logger }: OutboxParts,
  kind: MailKind<never>,
  mail: QueuedMail,
): Promise<void> {
  const plain = open(secrets, purpose, mail.payload)
  if (plain === undefined) {
    logger.error({ kind: mail.kind }, 'A mail was given up: no known secret sealed it')
    return
  }
  const message = await kind.compose(JSON.parse(plain.toString()) as never)
  if (message !== undefined) await transport.send(message)
}
