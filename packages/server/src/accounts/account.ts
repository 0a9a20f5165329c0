// Accounts: who exists, under which name, with which role, and whether they may act. This folder owns the user row and
// every rule about it (names, roles, the last administrator, epochs). It does not hash passwords (passwords/), keep
// sessions (sessions/) or know HTTP (register/, profile/, administration/).
//
// Epochs make every act of revocation one write: a session copies sessionEpoch, a token copies tokenEpoch, and each is
// dead once its copy is lower than the row's.

export interface Account {
  readonly id: string
  /** As registered, after NFKC, or as it was where it was imported from. Unique without regard to case. */
  readonly username: string
  /** An unverified note: not unique, never used to log in or to reset. */
  readonly email: string | null
  readonly passwordHash: string
  readonly role: string
  readonly disabled: boolean
  readonly sessionEpoch: number
  readonly tokenEpoch: number
  readonly createdAt: number
  readonly updatedAt: number
}
