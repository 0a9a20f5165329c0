import type { SessionKeeper } from './keep-session.ts'
import type { SessionState } from './session-state.ts'
import { refreshAt } from './tokens.ts'

// Longer timers overflow, and a machine that sleeps stops them all the same.
const longestTimerMs = 60_000

/**
 * Refreshes before the access token ends, and looks at once when the page comes back: after sleep, from the background,
 * from being offline. A page in the background waits; the first call or look wakes it.
 * @returns what stops it
 */
export function refreshAhead(
  session: SessionState,
  keeper: Pick<SessionKeeper, 'refresh'>,
): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  const look = (): void => {
    clearTimeout(timer)
    const { tokens } = session
    if (tokens === undefined) return
    const left = refreshAt(tokens) - Date.now()
    if (left <= 0 && !isHidden()) {
      // What fails is tried again at the next look, and by whoever calls meanwhile.
      keeper.refresh().catch(() => schedule(5_000))
      return
    }
    schedule(Math.min(Math.max(left, 1_000), longestTimerMs))
  }
  const schedule = (ms: number): void => {
    clearTimeout(timer)
    timer = setTimeout(look, ms)
    // In Node a timer alone keeps no program running.
    if (typeof timer === 'object' && 'unref' in timer) (timer as { unref(): void }).unref()
  }
  session.onTokens(look)
  const events = ['visibilitychange', 'pageshow', 'online', 'focus'] as const
  const target = typeof window === 'undefined' ? undefined : window
  for (const event of events) target?.addEventListener(event, look, true)
  return () => {
    clearTimeout(timer)
    session.onTokens(undefined)
    for (const event of events) target?.removeEventListener(event, look, true)
  }
}

function isHidden(): boolean {
  return typeof document !== 'undefined' && document.visibilityState === 'hidden'
}
