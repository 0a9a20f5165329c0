/** A hash in PHC string format: `$id$v=..$parameters$salt$hash`. */
export interface PhcString {
  readonly id: string
  readonly version: number | undefined
  readonly parameters: Readonly<Record<string, number>>
  readonly salt: Buffer
  readonly hash: Buffer
}

const number = '(?:0|[1-9]\\d{0,9})'
const parameter = `[a-z]{1,8}=${number}`
const shape = new RegExp(
  `^\\$([a-z0-9-]{1,32})(?:\\$v=(${number}))?\\$(${parameter}(?:,${parameter})*|${number})` +
    '\\$([A-Za-z0-9+/.]{8,128})\\$([A-Za-z0-9+/.]{22,256})$',
)

/**
 * Takes a string apart that has this one spelling: no parameter twice, no leading zeros, canonical base64, 128 bits of
 * hash or more. What was cut off or written over on its way into a database is undefined here.
 *
 * A number alone in place of the parameters, as passlib writes PBKDF2, is the parameter `rounds`.
 */
export function parsePhcString(text: string): PhcString | undefined {
  const [, id, version, list, ...encoded] = shape.exec(text) ?? []
  const [salt, hash] = encoded.map(fromPhcBase64)
  const parameters = list === undefined ? undefined : parseParameters(list)
  if (id === undefined || parameters === undefined || salt === undefined || hash === undefined) {
    return undefined
  }
  return {
    id,
    version: version === undefined ? undefined : Number(version),
    parameters,
    salt,
    hash,
  }
}

function parseParameters(list: string): Record<string, number> | undefined {
  if (!list.includes('=')) return { rounds: Number(list) }
  const pairs = list.split(',').map((pair): [string, number] => {
    const [name = '', value] = pair.split('=')
    return [name, Number(value)]
  })
  const parameters = Object.fromEntries(pairs)
  return Object.keys(parameters).length === pairs.length ? parameters : undefined
}

export function formatPhcString(phc: PhcString): string {
  const list = Object.entries(phc.parameters).map(([name, value]) => `${name}=${value}`)
  const version = phc.version === undefined ? '' : `$v=${phc.version}`
  return `$${phc.id}${version}$${list.join(',')}$${toPhcBase64(phc.salt)}$${toPhcBase64(phc.hash)}`
}

// Base64 without padding; passlib writes a dot for the plus.
function fromPhcBase64(text: string): Buffer | undefined {
  const base64 = text.replaceAll('.', '+')
  const bytes = Buffer.from(base64, 'base64')
  return toPhcBase64(bytes) === base64 ? bytes : undefined
}

function toPhcBase64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}
