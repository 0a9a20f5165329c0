/**
 * The signing keys are one document, so that every change to them is one compare-and-swap: instances that rotate at the
 * same moment cannot both win.
 */
export interface KeyStore {
  loadKeyring(): Promise<{ readonly version: number; readonly document: string } | undefined>
  /**
   * Stores the document as version `seen + 1` while the stored version is `seen` (0: there is none yet).
   * @returns whether it was stored
   */
  replaceKeyring(seen: number, document: string): Promise<boolean>
}
