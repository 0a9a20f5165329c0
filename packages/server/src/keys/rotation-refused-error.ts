/** The signing key is none that can be replaced from within. Nothing was changed; the message has the mend. */
export class RotationRefusedError extends Error {
  override readonly name = 'RotationRefusedError'
}
