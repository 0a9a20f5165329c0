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
  /** As given. Until it is verified a note: not unique, never used to log in; see verified-email.ts. */
  readonly email: string | null
  /** The key of the address that this account has proven to hold: of all accounts one has it. */
  readonly verifiedEmailKey: string | null
  readonly passwordHash: string
  readonly role: string
  readonly disabled: boolean
  readonly sessionEpoch: number
  readonly tokenEpoch: number
  /** Second factors with a lower epoch are dead. */
  readonly factorEpoch: number
  readonly createdAt: number
  readonly updatedAt: number
}
