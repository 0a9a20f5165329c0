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

/** What the URL asks for and must not, each with its reason. */
export function findUnsafeOptions({ options }: MongodbUrl): readonly string[] {
  return fixed.flatMap(({ name, allowed, reason }) => {
    const value = options.get(name)
    return value === undefined || allowed.includes(value)
      ? []
      : [`Remove ${name}=${value} from the URL: ${reason}.`]
  })
}
