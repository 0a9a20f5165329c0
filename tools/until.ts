import { setTimeout as sleep } from 'node:timers/promises'

/** Waits for a condition by asking again and again; a test never waits for a time that it hopes is long enough. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  limitMs = 20_000,
): Promise<void> {
  const started = performance.now()
  while (!(await condition())) {
    if (performance.now() - started > limitMs) throw new Error(`In vain waited for: ${what}`)
    await sleep(5)
  }
}
