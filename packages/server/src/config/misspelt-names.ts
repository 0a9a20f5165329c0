import { isReadableFromFile, type OptionName, optionTable } from './options.ts'

/** The words of other programs, and of tutorials, for what has another name here. */
const namesElsewhere: Readonly<Record<string, OptionName>> = {
  ACCESS_TOKEN_SECRET: 'jwtSecret',
  ALLOWED_ORIGIN: 'clientOrigin',
  ALLOWED_ORIGINS: 'clientOrigin',
  CORS_ALLOWED_ORIGINS: 'clientOrigin',
  CORS_ORIGIN: 'clientOrigin',
  CORS_ORIGINS: 'clientOrigin',
  JWT_ACCESS_SECRET: 'jwtSecret',
  JWT_EXPIRATION: 'jwtExpiresIn',
  JWT_EXPIRES: 'jwtExpiresIn',
  JWT_EXPIRY: 'jwtExpiresIn',
  JWT_REFRESH_EXPIRES_IN: 'sessionIdle',
  JWT_REFRESH_SECRET: 'secret',
  JWT_SECRET_KEY: 'jwtSecret',
  MONGO_URI: 'mongodbUri',
  MONGO_URL: 'mongodbUri',
  REFRESH_TOKEN_EXPIRES_IN: 'sessionIdle',
  REFRESH_TOKEN_SECRET: 'secret',
  TRUST_PROXY: 'trustedProxies',
  TRUSTED_PROXY: 'trustedProxies',
}

/** A short word is one letter away from many that are none of ours: POST, HOSTS. */
const shortestLength = 6
const lengthForTwoSlips = 14

const readNames = new Map<string, OptionName>(
  optionTable.flatMap((option): [string, OptionName][] => {
    const { name, environmentName } = option
    const file: [string, OptionName][] = isReadableFromFile(option)
      ? [[`${environmentName}_FILE`, name]]
      : []
    return [[environmentName, name], ...file]
  }),
)
const environmentNames = new Map(optionTable.map((option) => [option.name, option.environmentName]))
const limitNames = [...readNames.keys()].filter((name) => name.startsWith('RATE_LIMIT_'))

/**
 * What is probably meant by a variable that nothing reads, for people; undefined for one that is read, and for all that
 * are none of ours. A misspelt variable would silently leave a default in force.
 */
export function suggestName(variable: string): string | undefined {
  if (readNames.has(variable)) return undefined
  const name = variable.toUpperCase()
  if (readNames.has(name)) return name
  // Only secrets may stand in files.
  const ofFile = name.replace(/_FILE$/, '')
  if (ofFile.length >= shortestLength && readNames.has(ofFile)) return ofFile
  const near = [...readNames.keys()].find((known) => isNear(name, known))
  if (near !== undefined) return near
  const elsewhere = Object.hasOwn(namesElsewhere, name) ? namesElsewhere[name] : undefined
  if (elsewhere !== undefined) return environmentNames.get(elsewhere)
  return /^RATE_LIMIT(S|ER|ING)?(_|$)/.test(name) ? `one of ${limitNames.join(', ')}` : undefined
}

function isNear(name: string, known: string): boolean {
  if (known.length < shortestLength) return false
  return countSlips(name, known) <= (known.length < lengthForTwoSlips ? 1 : 2)
}

/** Letters that are too many, missing, other ones or in each other's place (optimal string alignment); 3 is many. */
function countSlips(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return 3
  let beforeLast: readonly number[] = []
  let last: readonly number[] = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const isSame = a[row - 1] === b[column - 1]
      const isSwapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      current[column] = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + (isSame ? 0 : 1),
        isSwapped ? at(beforeLast, column - 2) + 1 : Infinity,
      )
    }
    beforeLast = last
    last = current
  }
  return at(last, b.length)
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Infinity
}
