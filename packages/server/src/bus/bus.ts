// Bus: tells the other instances at once what they would otherwise find at their next poll. It owns delivery and
// nothing else: what a message says, and that nothing depends on its arrival, is up to those who publish it.

/**
 * Best effort. A message may be lost, doubled or late, and everything that it can tell stands in the store, which is
 * polled anyway.
 */
export interface Bus {
  /**
   * Resolves when the message was handed on, or dropped because there is no connection; never rejects.
   * @throws RangeError for a message of more than 1,000 bytes
   */
  publish(message: string): Promise<void>
  /** Hears every message, those of this process included. @returns what ends the subscription */
  subscribe(listener: (message: string) => void): () => void
  /** Whether messages get through now, as far as this side can tell. */
  isConnected(): boolean
  /** Idempotent; nothing is heard afterwards. */
  close(): Promise<void>
}

const mostMessageBytes = 1_000

/** For implementations: what every bus refuses alike. @throws RangeError */
export function checkMessage(message: string): void {
  const bytes = Buffer.byteLength(message)
  if (bytes <= mostMessageBytes) return
  throw new RangeError(`A message has up to ${mostMessageBytes} bytes, and this one has ${bytes}`)
}
