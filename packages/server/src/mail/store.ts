/** A mail that waits to be sent. */
export interface QueuedMail {
  readonly id: string
  /** Which mail it is: what is written in it is decided when it is sent. */
  readonly kind: string
  /** Sealed: it may hold an address or what stands in a link. */
  readonly payload: string
  /** How often sending it was begun. */
  readonly attempts: number
  /** Not before this time. */
  readonly dueAt: number
  readonly createdAt: number
  /** After this nobody wants it any more. */
  readonly expiresAt: number
}

/** The queue of mails. Each operation is atomic on one row, and durable when its promise resolves. */
export interface MailStore {
  enqueueMail(mail: QueuedMail): Promise<void>
  /** Those that are due, the longest waiting first. */
  listDueMails(now: number, limit: number): Promise<readonly QueuedMail[]>
  /**
   * Takes a mail in order to send it: compare-and-swap on `attempts`. Until `dueAt` nobody else does; after that, somebody
   * may, because whoever took it has died.
   */
  claimMail(seen: QueuedMail, dueAt: number): Promise<boolean>
  /** Puts off a mail that was claimed with this number of attempts. */
  postponeMail(id: string, attempts: number, dueAt: number): Promise<boolean>
  /** Removes a mail that was claimed with this number of attempts: it is sent, or given up. */
  removeMail(id: string, attempts: number): Promise<boolean>
}
