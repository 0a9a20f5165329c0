/** A hash in PHC string format: `$id$v=..$parameters$salt$hash`. */
export interface PhcString {
  readonly id: string
  readonly version: number | undefined
  readonly parameters: Readonly<Record<string, number>>
  readonly salt: Buffer
  readonly hash: Buffer
}

const shape =
  /^\$([a-z0-9-]{1,32})(?:\$v=(\d{1,3}))?\$([a-z]{1,8}=\d{1,10}(?:,[a-z]{1,8}=\d{1,10})*)\$([A-Za-z0-9+/.]{8,128})\$([A-Za-z0-9+/.]{16,256})$/

export function parsePhcString(text: string): PhcString | undefined {
  const [, id, version, list, salt, hash] = shape.exec(text) ?? []
  if (id === undefined || list === undefined || salt === undefined || hash === undefined) {
    return undefined
  }
  const parameters: Record<string, number> = {}
  for (const pair of list.split(',')) {
    const [name = '', value] = pair.split('=')
    parameters[name] = Number(value)
  }
  return {
    id,
    version: version === undefined ? undefined : Number(version),
    parameters,
    salt: fromPhcBase64(salt),
    hash: fromPhcBase64(hash),
  }
}

export function formatPhcString(phc: PhcString): string {
  const list = Object.entries(phc.parameters).map(([name, value]) => `${name}=${value}`)
  const version = phc.version === undefined ? '' : `$v=${phc.version}`
  return `$${phc.id}${version}$${list.join(',')}$${toPhcBase64(phc.salt)}$${toPhcBase64(phc.hash)}`
}

// Base64 without padding; passlib writes a dot for the plus.
function fromPhcBase64(text: string): Buffer {
  return Buffer.from(text.replaceAll('.', '+'), 'base64')
}

function toPhcBase64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}
