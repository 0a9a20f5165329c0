import type { Bus } from '../bus/bus.ts'
import type { Clock } from '../foundation/clock.ts'
import { isId } from '../foundation/ids.ts'
import type { Revocation } from './store.ts'

// What stands on the bus: `session <id>` or `subject <id> <epoch>`. Only denials travel, so a stranger on the bus can at
// worst log somebody out, and what a newer version says in another form is found by polling. An id in no form of ours
// would be told on in the feed, whose cursors could not name it.
const sessionPrefix = 'session '
const subjectPattern = /^subject (\S+) (\d{1,15}|Infinity)$/

/** Tells the other instances at once; they would find it by polling. */
export function announceRevocation(bus: Bus, revocation: Revocation): void {
  void bus.publish(
    revocation.kind === 'session'
      ? `${sessionPrefix}${revocation.sessionId}`
      : `subject ${revocation.subject} ${revocation.epoch}`,
  )
}

/** Takes note of what other instances announce. */
export function hearRevocations(
  bus: Bus,
  live: { note(revocation: Revocation): void },
  clock: Clock,
): void {
  bus.subscribe((message) => {
    const revocation = readAnnouncement(message, clock())
    if (revocation) live.note(revocation)
  })
}

function readAnnouncement(message: string, at: number): Revocation | undefined {
  if (message.startsWith(sessionPrefix)) {
    const sessionId = message.slice(sessionPrefix.length)
    return isId(sessionId) ? { kind: 'session', sessionId, at } : undefined
  }
  const [, subject, epoch] = subjectPattern.exec(message) ?? []
  if (subject === undefined || epoch === undefined || !isId(subject)) return undefined
  return { kind: 'subject', subject, epoch: Number(epoch), at }
}
