import { StoreUnavailableError } from '../../foundation/store-failure.ts'

const attempts = 50

/**
 * Reads, decides and swaps, again and again until the document is still the one that was read. Somebody else wins each
 * round that is lost, so that there is no standstill; the bound is for a server that answers nonsense.
 *
 * @param attempt undefined when another was quicker
 */
export async function compareAndSwap<T>(attempt: () => Promise<T | undefined>): Promise<T> {
  for (let count = 0; count < attempts; count++) {
    const result = await attempt()
    if (result !== undefined) return result
  }
  throw new StoreUnavailableError('locked', 'Too many want to change the same thing: try again.')
}
