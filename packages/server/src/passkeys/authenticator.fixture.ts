// An authenticator and the browser before it, in software: what a page would get from navigator.credentials, and whatever
// an attacker could send in its place. CBOR and COSE are written by hand, so that nothing of what checks them is used to
// make them.

import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

export type Algorithm = 'ES256' | 'EdDSA' | 'RS256' | 'ES384'

/** What is done otherwise than a good authenticator and browser do. */
export interface Twist {
  readonly origin?: string
  readonly rpId?: string
  readonly challenge?: string
  readonly type?: string
  readonly crossOrigin?: boolean
  readonly topOrigin?: string
  readonly userPresent?: boolean
  readonly userVerified?: boolean
  readonly counter?: number
  readonly userHandle?: string | null
  readonly credential?: SoftCredential
  /** In place of the credential's own id. */
  readonly id?: string
  /** The signature has one bit that is not its own. */
  readonly altersSignature?: boolean
  /** An attestation statement that nobody asked for. */
  readonly attestation?: { readonly fmt: string; readonly statement: ReadonlyMap<string, Cbor> }
}

export interface SoftCredential {
  readonly id: string
  readonly privateKey: KeyObject
  readonly publicKey: Buffer
  readonly algorithm: Algorithm
  readonly rpId: string
  readonly userHandle: string
}

export interface SoftAuthenticator {
  readonly credentials: SoftCredential[]
  /** RegistrationResponseJSON */
  create(options: Readonly<Record<string, unknown>>, twist?: Twist): Record<string, unknown>
  /** AuthenticationResponseJSON */
  get(options: Readonly<Record<string, unknown>>, twist?: Twist): Record<string, unknown>
}

export interface AuthenticatorHabits {
  readonly origin?: string
  readonly algorithm?: Algorithm
  /** Those of platforms that sync passkeys count nothing. */
  readonly counts?: boolean
}

export function createAuthenticator(habits: AuthenticatorHabits = {}): SoftAuthenticator {
  const { origin = 'http://localhost:3000', algorithm = 'ES256', counts = true } = habits
  const credentials: SoftCredential[] = []
  let uses = 0
  const nextCount = (): number => (counts ? ++uses : 0)
  const clientData = (type: string, options: Readonly<Record<string, unknown>>, twist: Twist) =>
    Buffer.from(
      JSON.stringify({
        type: twist.type ?? type,
        challenge: twist.challenge ?? options['challenge'],
        origin: twist.origin ?? origin,
        crossOrigin: twist.crossOrigin ?? false,
        ...(twist.topOrigin !== undefined && { topOrigin: twist.topOrigin }),
      }),
    )
  return {
    credentials,
    create: (options, twist = {}) => {
      const rp = options['rp'] as { readonly id: string }
      const user = options['user'] as { readonly id: string }
      const credential = twist.credential ?? createCredential(algorithm, rp.id, user.id)
      credentials.push(credential)
      const data = Buffer.concat([
        authenticatorData(twist.rpId ?? rp.id, twist, twist.counter ?? nextCount(), 0x40),
        Buffer.alloc(16),
        uint16(Buffer.from(credential.id, 'base64url').length),
        Buffer.from(credential.id, 'base64url'),
        credential.publicKey,
      ])
      const { fmt, statement } = twist.attestation ?? { fmt: 'none', statement: new Map() }
      const attestation = new Map<Cbor, Cbor>([
        ['fmt', fmt],
        ['attStmt', statement],
        ['authData', data],
      ])
      const id = twist.id ?? credential.id
      return {
        id,
        rawId: id,
        type: 'public-key',
        authenticatorAttachment: 'platform',
        clientExtensionResults: { credProps: { rk: true } },
        response: {
          clientDataJSON: clientData('webauthn.create', options, twist).toString('base64url'),
          attestationObject: encode(attestation).toString('base64url'),
          transports: ['internal', 'hybrid'],
          publicKeyAlgorithm: -7,
          authenticatorData: data.toString('base64url'),
        },
      }
    },
    get: (options, twist = {}) => {
      const allowed = (options['allowCredentials'] ?? []) as readonly { readonly id: string }[]
      const found = credentials.findLast(
        ({ id }) => allowed.length === 0 || allowed.some((one) => one.id === id),
      )
      const credential = twist.credential ?? found
      if (credential === undefined) throw new Error('There is no passkey to prove it with.')
      const data = authenticatorData(
        twist.rpId ?? credential.rpId,
        twist,
        twist.counter ?? nextCount(),
        0,
      )
      const client = clientData('webauthn.get', options, twist)
      const signed = signWith(credential, Buffer.concat([data, sha256(client)]))
      // The last byte is of the value itself, whatever the encoding.
      if (twist.altersSignature) signed[signed.length - 1] = (signed.at(-1) ?? 0) ^ 1
      const userHandle = twist.userHandle === undefined ? credential.userHandle : twist.userHandle
      const id = twist.id ?? credential.id
      return {
        id,
        rawId: id,
        type: 'public-key',
        authenticatorAttachment: 'platform',
        clientExtensionResults: {},
        response: {
          clientDataJSON: client.toString('base64url'),
          authenticatorData: data.toString('base64url'),
          signature: signed.toString('base64url'),
          userHandle,
        },
      }
    },
  }
}

function createCredential(algorithm: Algorithm, rpId: string, userHandle: string): SoftCredential {
  const { privateKey, publicKey } = createKeys(algorithm)
  const id = randomBytes(32).toString('base64url')
  return { id, privateKey, publicKey, algorithm, rpId, userHandle }
}

function createKeys(algorithm: Algorithm): { privateKey: KeyObject; publicKey: Buffer } {
  switch (algorithm) {
    case 'ES256':
    case 'ES384': {
      const isSmall = algorithm === 'ES256'
      const namedCurve = isSmall ? 'P-256' : 'P-384'
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve })
      const { x, y } = publicKey.export({ format: 'jwk' })
      const cose: [Cbor, Cbor][] = [
        [1, 2],
        [3, isSmall ? -7 : -35],
        [-1, isSmall ? 1 : 2],
        [-2, Buffer.from(x ?? '', 'base64url')],
        [-3, Buffer.from(y ?? '', 'base64url')],
      ]
      return { privateKey, publicKey: encode(new Map(cose)) }
    }
    case 'EdDSA': {
      const { privateKey, publicKey } = generateKeyPairSync('ed25519')
      const { x } = publicKey.export({ format: 'jwk' })
      const cose: [Cbor, Cbor][] = [
        [1, 1],
        [3, -8],
        [-1, 6],
        [-2, Buffer.from(x ?? '', 'base64url')],
      ]
      return { privateKey, publicKey: encode(new Map(cose)) }
    }
    case 'RS256': {
      const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
      const { n, e } = publicKey.export({ format: 'jwk' })
      const cose: [Cbor, Cbor][] = [
        [1, 3],
        [3, -257],
        [-1, Buffer.from(n ?? '', 'base64url')],
        [-2, Buffer.from(e ?? '', 'base64url')],
      ]
      return { privateKey, publicKey: encode(new Map(cose)) }
    }
  }
}

function signWith({ algorithm, privateKey }: SoftCredential, data: Buffer): Buffer {
  const hash = { ES256: 'sha256', RS256: 'sha256', ES384: 'sha384', EdDSA: null }[algorithm]
  return sign(hash, data, privateKey)
}

function authenticatorData(rpId: string, twist: Twist, counter: number, flags: number): Buffer {
  const { userPresent = true, userVerified = true } = twist
  const bytes = Buffer.alloc(37)
  sha256(rpId).copy(bytes)
  bytes.writeUInt8(flags | (userPresent ? 0x01 : 0) | (userVerified ? 0x04 : 0), 32)
  bytes.writeUInt32BE(counter, 33)
  return bytes
}

function sha256(data: string | Buffer): Buffer {
  return createHash('sha256').update(data).digest()
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}

export type Cbor = number | string | Buffer | readonly Cbor[] | ReadonlyMap<Cbor, Cbor>

/** As much of CBOR (RFC 8949) as authenticators need. */
export function encode(value: Cbor): Buffer {
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value)
  if (typeof value === 'string') {
    return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)])
  }
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value])
  if (value instanceof Map) {
    const members = [...(value as ReadonlyMap<Cbor, Cbor>)].flatMap((pair) => pair.map(encode))
    return Buffer.concat([head(5, value.size), ...members])
  }
  const items = value as readonly Cbor[]
  return Buffer.concat([head(4, items.length), ...items.map(encode)])
}

function head(major: number, size: number): Buffer {
  const type = major << 5
  if (size < 24) return Buffer.from([type | size])
  if (size < 256) return Buffer.from([type | 24, size])
  return Buffer.concat([Buffer.from([type | 25]), uint16(size)])
}
