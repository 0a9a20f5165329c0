// One at a time among all tabs of an origin: refreshes, log-ins and log-outs.

/**
 * Runs the work while nobody else with this lock runs theirs. A tab that is closed meanwhile lets go of it. The work
 * hears whether another tab had its turn while this one waited.
 */
export type Lock = <T>(work: (hasWaited: boolean) => Promise<T>) => Promise<T>

/**
 * @param storage where tabs without Web Locks (pages over plain http) take turns
 * @param locks Web Locks. Without either the turns are those of this client alone.
 */
export function createLock(
  name: string,
  storage: Storage | undefined,
  locks: LockManager | undefined,
): Lock {
  if (locks !== undefined) return (work) => withWebLock(locks, name, work)
  const alone = createQueue()
  if (storage === undefined) return alone
  return (work) => alone(() => withLease(storage, name, work))
}

async function withWebLock<T>(
  locks: LockManager,
  name: string,
  work: (hasWaited: boolean) => Promise<T>,
): Promise<T> {
  const atOnce = await locks.request(name, { ifAvailable: true }, async (lock) =>
    lock === null ? undefined : { value: await work(false) },
  )
  return atOnce === undefined ? (locks.request(name, () => work(true)) as never) : atOnce.value
}

/** For a client whose session no other shares. */
export function createQueue(): Lock {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const turn = last.then(() => work(false))
    last = turn.catch(() => undefined)
    return turn
  }
}

// Longer than a call of ours takes. A tab that tries for longer may lose its turn, which does no harm.
const leaseMs = 15_000
const settleMs = 40

// Storage has no compare-and-swap: each writes its name and looks a moment later whose stayed. Two tabs that win at the
// same moment do no harm, because the server answers both refreshes alike.
async function withLease<T>(
  storage: Storage,
  name: string,
  work: (hasWaited: boolean) => Promise<T>,
): Promise<T> {
  const me = `${Math.random()}`
  let hasWaited = false
  const isMine = (): boolean => storage.getItem(name)?.startsWith(`${me} `) ?? false
  while (!isMine()) {
    const until = Number(storage.getItem(name)?.split(' ')[1] ?? 0)
    const now = Date.now()
    if (until <= now || until > now + leaseMs) {
      // Full: the server answers two refreshes alike, and nobody may be kept from theirs.
      if (!tryToStore(storage, name, `${me} ${now + leaseMs}`)) break
    } else hasWaited = true
    await pause(settleMs * (1 + Math.random()))
  }
  try {
    return await work(hasWaited)
  } finally {
    if (isMine()) storage.removeItem(name)
  }
}

/** Another script of the page may have filled it. @returns whether it is stored */
export function tryToStore(storage: Storage, name: string, value: string): boolean {
  try {
    storage.setItem(name, value)
    return true
  } catch {
    return false
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
