// Configuration: every option once, with its environment name, its default, its check and its line of documentation.
// This folder owns what may be configured and what is refused; it reads no file but those it is told to and decides
// nothing at run time.

import type { Algorithm } from '@countersign/verify'

/** So many in so long, written `10/15m`. */
export interface RateLimit {
  readonly count: number
  readonly windowSeconds: number
}

export type DatabaseSettings = SqliteSettings | PostgresSettings | MongodbSettings

export interface SqliteSettings {
  readonly kind: 'sqlite'
  /** An absolute path, or `:memory:`. */
  readonly file: string
}

export interface PostgresSettings {
  readonly kind: 'postgres'
  /** A name, an address, or the directory of a socket. */
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string | undefined
  readonly database: string
  /** Ours alone, so that a host application's own tables may have any names. */
  readonly schema: string
  readonly tls: PostgresTls | undefined
  readonly applicationName: string
  /** Connections of one process. */
  readonly poolSize: number
  /** How long a caller waits for a connection, whether it is made or becomes free. */
  readonly connectTimeoutMs: number
  readonly statementTimeoutMs: number
  readonly lockTimeoutMs: number
}

export interface MongodbSettings {
  readonly kind: 'mongodb'
  /** It may carry a password. */
  readonly url: string
}

export interface SmtpSettings {
  readonly host: string
  readonly port: number
  /** TLS from the first byte. */
  readonly secure: boolean
  readonly user: string | undefined
  readonly password: string | undefined
  /** A connection that does not become TLS is not used. */
  readonly requiresTls: boolean
}

export interface PostgresTls {
  /** `nothing` encrypts and does not ask who answers. */
  readonly verify: 'nothing' | 'verify-ca' | 'verify-full'
  /** `system` for the certificates of the operating system; undefined for those that Node brings along. */
  readonly authorityFile: string | undefined
  readonly certificateFile: string | undefined
  readonly keyFile: string | undefined
}

export interface PasskeySettings {
  /** The domain that passkeys are made for (RP ID). */
  readonly rpId: string
  /** Exact origins of the pages that may use them. */
  readonly origins: readonly string[]
}

/** The longest life that JWT_EXPIRES_IN may give an access token. */
export const maxAccessTokenTtlSeconds = 86_400

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
  /** Otherwise the start is refused while schema steps are pending. */
  readonly migratesOnStart: boolean
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
  readonly rateLimitAccount: RateLimit
  readonly rateLimitRegister: RateLimit
  readonly passwordMinLength: number
  readonly commonPasswords: 'refuse' | 'warn'
  readonly sessionIdleSeconds: number
  readonly sessionMaxSeconds: number
  readonly refreshWindowSeconds: number
  /** Undefined: mails go nowhere. */
  readonly smtp: SmtpSettings | undefined
  readonly mailFrom: string
  /** Without a trailing slash. */
  readonly accountPagesUrl: string
  readonly serviceName: string
  readonly rateLimitMail: RateLimit
  readonly signInByMail: boolean
  /** Who needs a second factor: nobody who wants none, everybody, or these roles. */
  readonly secondFactor: 'optional' | 'required' | readonly string[]
  readonly recentAuthenticationSeconds: number
  readonly passkeys: PasskeySettings
  readonly auditRetentionSeconds: number
  readonly metricsToken: string | undefined
  /** The program serves metrics on this port of the loopback interface, without a token. */
  readonly metricsPort: number | undefined
  readonly documentation: boolean
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent'
}
