/** Exclusive use of a name for a bounded time, for the rare act that must be alone. */
export interface LeaseStore {
  /** Takes the lease if it is free, expired, or already this holder's. */
  acquireLease(name: string, holder: string, expiresAt: number, now: number): Promise<boolean>
  /** Gives it back; another holder's lease is left alone. */
  releaseLease(name: string, holder: string): Promise<void>
}
