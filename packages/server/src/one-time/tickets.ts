import type { Clock } from '../foundation/clock.ts'
import type { IdSource } from '../foundation/ids.ts'
import { type MasterSecrets, open, seal } from '../foundation/master-secret.ts'
import type { Randomness } from '../foundation/randomness.ts'
import type { OneTimeStore } from './store.ts'

/** What somebody holds who may do one thing once: the facts are ours, sealed, and nobody can read or alter them. */
export interface Ticket<Facts> {
  readonly id: string
  readonly expiresAt: number
  readonly facts: Facts
}

export interface TicketParts {
  readonly secrets: MasterSecrets
  readonly store: Pick<OneTimeStore, 'consumeOnce'>
  readonly newId: IdSource
  readonly randomness: Randomness
  readonly clock: Clock
}

export interface Tickets<Facts> {
  readonly lifeMs: number
  issue(facts: Facts): string
  /** Undefined when it is not ours, not of this kind, or too old. Looking at a ticket does not spend it. */
  open(text: string): Ticket<Facts> | undefined
  /** True for one of all who spend it. */
  spend(ticket: Ticket<Facts>): Promise<boolean>
}

const longest = 4_096

/**
 * Tickets of one kind. A kind is a namespace: what was issued as one opens as no other. When the shape of the facts
 * changes, the kind needs another name, because tickets of the version before are still out there.
 */
export function createTickets<Facts extends object>(
  parts: TicketParts,
  kind: string,
  lifeMs: number,
): Tickets<Facts> {
  const { secrets, store, newId, randomness, clock } = parts
  const purpose = `ticket ${kind}`
  return {
    lifeMs,
    issue: (facts) => {
      const ticket: Ticket<Facts> = { id: newId(), expiresAt: clock() + lifeMs, facts }
      return seal(secrets, purpose, Buffer.from(JSON.stringify(ticket)), randomness)
    },
    open: (text) => {
      const plain = text.length > longest ? undefined : open(secrets, purpose, text)
      if (plain === undefined) return undefined
      // Only this function's counterpart seals for this purpose.
      const ticket = JSON.parse(plain.toString()) as Ticket<Facts>
      return ticket.expiresAt > clock() ? ticket : undefined
    },
    spend: ({ id, expiresAt }) => store.consumeOnce(kind, id, expiresAt, clock()),
  }
}
