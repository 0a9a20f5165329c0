// Configuration: every option once, with its environment name, its default, its check and its line of documentation.
// This folder owns what may be configured and what is refused; it reads no file but those it is told to and decides
// nothing at run time.

import type { Algorithm } from '@countersign/verify'

/** So many in so long, written `10/15m`. */
export interface RateLimit {
  readonly count: number
  readonly windowSeconds: number
}

/** Which database, and where. The URL may carry a password. */
export type DatabaseSettings = {
  readonly kind: 'sqlite'
  readonly url: string
  /** `:memory:`, or the path of the file. */
  readonly file: string
}

/** The configuration after every check, as the rest of the code reads it. */
export interface Settings {
  readonly production: boolean
  /** Only the program listens; a mounted library leaves both to its host. */
  readonly host: string
  readonly port: number
  /** Where clients reach this server, without a trailing slash. */
  readonly publicUrl: string
  readonly database: DatabaseSettings
  readonly redisUrl: string | undefined
  /** Newest first. Empty: made and kept beside the embedded database. */
  readonly secrets: readonly string[]
  readonly jwtSecret: string | undefined
  readonly jwtAlgorithm: Algorithm
  readonly issuer: string
  readonly audience: string
  readonly clientId: string
  readonly accessTokenTtlSeconds: number
  readonly keyRotationSeconds: number
  readonly clientOrigins: readonly string[]
  readonly registration: 'open' | 'closed'
  /** The first is what a new account gets. */
  readonly roles: readonly string[]
  readonly administrator: { readonly username: string; readonly password: string } | undefined
  readonly trustedProxies: number
  readonly rateLimitAnonymous: RateLimit
  readonly rateLimitUser: RateLimit
  readonly rateLimitLogin: RateLimit
  readonly rateLimitRegister: RateLimit
  readonly passwordMinLength: number
  readonly commonPasswords: 'refuse' | 'warn'
  readonly sessionIdleSeconds: number
  readonly sessionMaxSeconds: number
  readonly refreshWindowSeconds: number
  readonly auditRetentionSeconds: number
  readonly metricsToken: string | undefined
  /** The program serves metrics on this port of the loopback interface, without a token. */
  readonly metricsPort: number | undefined
  readonly documentation: boolean
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent'
}
