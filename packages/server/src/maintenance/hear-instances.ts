import type { Bus } from '../bus/bus.ts'
import type { Clock } from '../foundation/clock.ts'
import type { Logger } from '../foundation/logger.ts'
import type { Keyring } from '../keys/keyring.ts'
import { hearRevocations } from '../revocation/announce-revocations.ts'
import type { LiveRevocations } from '../revocation/live-revocations.ts'

const keysChanged = 'keys'

/** Tells the other instances to read the signing keys again. */
export function announceKeyChange(bus: Bus): void {
  void bus.publish(keysChanged)
}

/** Takes over what other instances announce: revocations at once, and key changes by reading them. */
export function hearInstances(
  bus: Bus,
  parts: {
    readonly keyring: Pick<Keyring, 'follow'>
    readonly revocations: Pick<LiveRevocations, 'note'>
    readonly clock: Clock
    readonly logger: Logger
  },
): void {
  const { keyring, revocations, clock, logger } = parts
  hearRevocations(bus, revocations, clock)
  bus.subscribe((message) => {
    if (message !== keysChanged) return
    // The timer tries again.
    keyring.follow().catch((error: unknown) => {
      logger.error({ err: error }, 'Could not follow the keys')
    })
  })
}
