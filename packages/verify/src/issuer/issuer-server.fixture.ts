import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CLAIMS, createSigningKey, signToken, type SigningKey } from '../tokens/issuer.fixture.ts'

export type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** An issuer on a real port: metadata and key set, and whatever a test puts under another path. */
export class IssuerServer {
  readonly #server: Server
  /** Path and query of every request, in order. */
  readonly requests: string[] = []
  readonly answers = new Map<string, Answer>()
  /** For every other path. */
  fallback: Answer = (_, response) => void response.writeHead(404).end()
  keys: SigningKey[] = [createSigningKey('ES256')]
  cacheControl: string | undefined = 'public, max-age=300'

  private constructor() {
    this.#server = createServer((request, response) => {
      const target = request.url ?? ''
      this.requests.push(target)
      const answer = this.answers.get(target.split('?')[0] ?? '') ?? this.fallback
      answer(request, response)
    })
    this.answers.set('/.well-known/oauth-authorization-server', (_, response) => {
      response.end(JSON.stringify(this.metadata()))
    })
    this.answers.set('/jwks', (_, response) => {
      if (this.cacheControl !== undefined) response.setHeader('cache-control', this.cacheControl)
      response.end(JSON.stringify({ keys: this.keys.map(toJwk) }))
    })
  }

  static async start(): Promise<IssuerServer> {
    const issuer = new IssuerServer()
    await issuer.listen(0)
    return issuer
  }

  async listen(port: number): Promise<void> {
    this.#server.listen(port, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  get port(): number {
    const { port }: AddressInfo = Object(this.#server.address())
    return port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  metadata(): object {
    return { issuer: this.url, jwks_uri: `${this.url}/jwks` }
  }

  /** How often a path was asked for. */
  count(path: string): number {
    return this.requests.filter((target) => target.split('?')[0] === path).length
  }

  /** A token of this issuer, signed by its newest key unless another is named. */
  sign(claims: object = {}, key: SigningKey | undefined = this.keys.at(-1)): string {
    if (key === undefined) throw new Error('The issuer has no key.')
    return signToken(key, { ...CLAIMS, iss: this.url, aud: this.url, ...claims })
  }

  /** Takes no requests any more, and breaks those off that run. */
  async close(): Promise<void> {
    if (!this.#server.listening) return
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }
}

export function toJwk(key: SigningKey): object {
  return { ...key.key.export({ format: 'jwk' }), kid: key.kid, alg: key.algorithm, use: 'sig' }
}

/** Polls until the condition holds: what is awaited comes from another connection. */
export async function until(condition: () => unknown): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5))
}
