/** What was asked for would lose something, or is done already. Nothing was changed; the message has the mend. */
export class MoveRefusedError extends Error {
  override readonly name = 'MoveRefusedError'
}
