export interface MongodbUrl {
  /** For people: without user and password. */
  readonly hosts: string
  /** Undefined when it names none. */
  readonly database: string | undefined
  /** Names in lower case, for MongoDB reads them without regard to it. */
  readonly options: ReadonlyMap<string, string>
}

const shape = /^mongodb(?:\+srv)?:\/\/(?:[^/?]*@)?([^@/?]+)(?:\/([^/?]*))?(?:\?(.*))?$/

/** The parts of a connection string that we look at; the driver checks the rest. Undefined when it is none. */
export function parseMongodbUrl(url: string): MongodbUrl | undefined {
  const match = shape.exec(url)
  const hosts = match?.[1]
  if (hosts === undefined) return undefined
  const query = new URLSearchParams(match?.[3] ?? '')
  const database = decode(match?.[2] ?? '')
  if (database === undefined) return undefined
  return {
    hosts,
    database: database === '' ? undefined : database,
    options: new Map([...query].map(([name, value]) => [name.toLowerCase(), value])),
  }
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

// What the promises rest on: an acknowledged write outlives a failover, and a read sees it.
const fixed: readonly {
  readonly name: string
  readonly allowed: readonly string[]
  readonly reason: string
}[] = [
  {
    name: 'w',
    allowed: ['majority'],
    reason: 'a failover would undo writes that were acknowledged',
  },
  { name: 'j', allowed: ['true'], reason: 'a power cut would undo writes that were acknowledged' },
  {
    name: 'journal',
    allowed: ['true'],
    reason: 'a power cut would undo writes that were acknowledged',
  },
  {
    name: 'readpreference',
    allowed: ['primary'],
    reason: 'a secondary would let in who was shut out on the primary',
  },
  {
    name: 'readconcernlevel',
    allowed: ['local', 'linearizable'],
    reason: 'refreshes at the same moment would not see each other',
  },
]

/**
 * How long an operation waits for a primary, then for a connection, then for the answer, unless the URL says otherwise.
 * (The driver's timeoutMS, one bound for all of them, has no effect since version 7.)
 */
export const mongodbWaits = {
  serverSelectionTimeoutMS: 2_000,
  waitQueueTimeoutMS: 2_000,
  socketTimeoutMS: 5_000,
} as const

// Revocations are polled with an overlap of ten seconds: a write that took longer could be missed by other instances.
export const longestWaitMs = 9_000

/** What the URL asks for and must not, each with its reason. */
export function findUnsafeOptions(url: MongodbUrl): readonly string[] {
  const { options } = url
  const unsafe = fixed.flatMap(({ name, allowed, reason }) => {
    const value = options.get(name)
    return value === undefined || allowed.includes(value)
      ? []
      : [`Remove ${name}=${value} from the URL: ${reason}.`]
  })
  const names = Object.keys(mongodbWaits).join(', ')
  return longestWaitOf(url) <= longestWaitMs
    ? unsafe
    : [...unsafe, `${names} exceed ${longestWaitMs} together: shorten one.`]
}

function longestWaitOf({ options }: MongodbUrl): number {
  return Object.entries(mongodbWaits).reduce((sum, [name, fallback]) => {
    const text = options.get(name.toLowerCase())
    // The driver takes 0 for no bound at all.
    return sum + (text === undefined ? fallback : Number(text) || Number.POSITIVE_INFINITY)
  }, 0)
}
