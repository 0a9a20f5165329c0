/**
 * What may be configured. Everything is optional; durations are `15m`, `7d` or seconds, limits `<count>/<duration>`,
 * lists arrays or text with commas.
 */
export interface CountersignOptions {
  /** Refuses everything insecure at start. Default: whether NODE_ENV is `production`. */
  production?: boolean | undefined
  host?: string | undefined
  port?: number | string | undefined
  publicUrl?: string | undefined
  databaseUrl?: string | undefined
  migrateOnStart?: string | undefined
  mongodbUri?: string | undefined
  redisUrl?: string | undefined
  secret?: string | readonly string[] | undefined
  jwtSecret?: string | undefined
  jwtAlgorithm?: string | undefined
  jwtExpiresIn?: number | string | undefined
  jwtIssuer?: string | undefined
  jwtAudience?: string | undefined
  jwtClientId?: string | undefined
  keyRotation?: number | string | undefined
  clientOrigin?: string | readonly string[] | undefined
  registration?: string | undefined
  roles?: string | readonly string[] | undefined
  adminUsername?: string | undefined
  adminPassword?: string | undefined
  trustedProxies?: number | string | undefined
  rateLimitAnonymous?: string | undefined
  rateLimitUser?: string | undefined
  rateLimitLogin?: string | undefined
  rateLimitAccount?: string | undefined
  rateLimitRegister?: string | undefined
  passwordMinLength?: number | string | undefined
  passwordCommon?: string | undefined
  sessionIdle?: number | string | undefined
  sessionMax?: number | string | undefined
  refreshWindow?: number | string | undefined
  smtpUrl?: string | undefined
  mailFrom?: string | undefined
  accountPagesUrl?: string | undefined
  serviceName?: string | undefined
  rateLimitMail?: string | undefined
  signInByMail?: string | undefined
  secondFactor?: string | readonly string[] | undefined
  recentAuthentication?: number | string | undefined
  passkeyRpId?: string | undefined
  passkeyOrigins?: string | readonly string[] | undefined
  auditRetention?: number | string | undefined
  metricsToken?: string | undefined
  metricsPort?: number | string | undefined
  docs?: string | undefined
  logLevel?: string | undefined
}

export type OptionName = keyof CountersignOptions

export interface OptionDescription {
  readonly name: OptionName
  readonly environmentName: string
  /** For people; what is used when the option is not set. */
  readonly fallback: string
  readonly meaning: string
  /** Never shown, and readable from a file named by `<environmentName>_FILE`. */
  readonly isSecret?: boolean
  /** A URL: shown without its password, and readable from a file as secrets are. */
  readonly mayHoldPassword?: boolean
}

/** The one table of options: the reference, the environment and the checks are made from it. */
export const optionTable: readonly OptionDescription[] = [
  {
    name: 'production',
    environmentName: 'NODE_ENV',
    fallback: 'development',
    meaning: '`production` refuses to start with anything insecure.',
  },
  {
    name: 'port',
    environmentName: 'PORT',
    fallback: '3000',
    meaning: 'Where the server listens; 0 takes any free port.',
  },
  {
    name: 'host',
    environmentName: 'HOST',
    fallback: '127.0.0.1; in production all interfaces',
    meaning: 'The interface that the server listens on.',
  },
  {
    name: 'publicUrl',
    environmentName: 'PUBLIC_URL',
    fallback: 'http://localhost:<PORT>',
    meaning: 'Where clients reach this server. https makes cookies Secure and sends HSTS.',
  },
  {
    name: 'databaseUrl',
    environmentName: 'DATABASE_URL',
    fallback: 'sqlite:./data/countersign.db',
    meaning:
      '`sqlite:<file>`, `postgres://<user>:<password>@<host>/<database>` or `mongodb://<user>:<password>@<host>/<database>`.',
    mayHoldPassword: true,
  },
  {
    name: 'migrateOnStart',
    environmentName: 'MIGRATE_ON_START',
    fallback: 'on',
    meaning: '`off` refuses to start until `countersign migrate up` has run.',
  },
  {
    name: 'mongodbUri',
    environmentName: 'MONGODB_URI',
    fallback: 'none',
    meaning: 'The same as DATABASE_URL, for a MongoDB, under the name that tutorials use.',
    isSecret: true,
  },
  {
    name: 'redisUrl',
    environmentName: 'REDIS_URL',
    fallback: 'none',
    meaning:
      'The bus between instances, and the counters of limits. Without it the database does both.',
    isSecret: true,
  },
  {
    name: 'secret',
    environmentName: 'COUNTERSIGN_SECRET',
    fallback: 'made and kept in `secret` beside the embedded database; required with another',
    meaning: 'The master secret, at least 32 characters; several with commas, newest first.',
    isSecret: true,
  },
  {
    name: 'jwtSecret',
    environmentName: 'JWT_SECRET',
    fallback: 'none',
    meaning: 'Signs access tokens with HS256 and this secret, at least 32 bytes.',
    isSecret: true,
  },
  {
    name: 'jwtAlgorithm',
    environmentName: 'JWT_ALGORITHM',
    fallback: 'ES256; HS256 with JWT_SECRET',
    meaning: 'ES256, EdDSA, RS256, PS256 or HS256.',
  },
  {
    name: 'jwtExpiresIn',
    environmentName: 'JWT_EXPIRES_IN',
    fallback: '15m',
    meaning: 'The life of an access token, up to 24h.',
  },
  {
    name: 'jwtIssuer',
    environmentName: 'JWT_ISSUER',
    fallback: 'PUBLIC_URL',
    meaning: '`iss` of the access tokens; the same on all instances that share a database.',
  },
  {
    name: 'jwtAudience',
    environmentName: 'JWT_AUDIENCE',
    fallback: 'the issuer',
    meaning: '`aud` of the access tokens.',
  },
  {
    name: 'jwtClientId',
    environmentName: 'JWT_CLIENT_ID',
    fallback: 'first-party',
    meaning: '`client_id` of the access tokens.',
  },
  {
    name: 'keyRotation',
    environmentName: 'KEY_ROTATION',
    fallback: '30d',
    meaning: 'How long a signing key signs before the next one takes over.',
  },
  {
    name: 'clientOrigin',
    environmentName: 'CLIENT_ORIGIN',
    fallback: 'none',
    meaning: 'Exact origins, with commas, whose pages may call with credentials.',
  },
  {
    name: 'registration',
    environmentName: 'REGISTRATION',
    fallback: 'open',
    meaning: '`open`, or `closed`: only administrators make accounts.',
  },
  {
    name: 'roles',
    environmentName: 'ROLES',
    fallback: 'user,admin',
    meaning: 'The roles there are; the first is what a new account gets.',
  },
  {
    name: 'adminUsername',
    environmentName: 'ADMIN_USERNAME',
    fallback: 'none',
    meaning: 'Makes this first administrator when there is none.',
  },
  {
    name: 'adminPassword',
    environmentName: 'ADMIN_PASSWORD',
    fallback: 'none',
    meaning: 'The password of that administrator; better as ADMIN_PASSWORD_FILE.',
    isSecret: true,
  },
  {
    name: 'trustedProxies',
    environmentName: 'TRUSTED_PROXIES',
    fallback: '0',
    meaning: 'How many proxies stand in front, each adding to X-Forwarded-For.',
  },
  {
    name: 'rateLimitAnonymous',
    environmentName: 'RATE_LIMIT_ANONYMOUS',
    fallback: '100/15m',
    meaning: 'Calls without a token, per address.',
  },
  {
    name: 'rateLimitUser',
    environmentName: 'RATE_LIMIT_USER',
    fallback: '1000/1m',
    meaning: 'Calls with a token, per user; refreshes, per session.',
  },
  {
    name: 'rateLimitLogin',
    environmentName: 'RATE_LIMIT_LOGIN',
    fallback: '10/15m',
    meaning:
      'Failed log-ins (and password changes), per account and address; of a device that is known, per account and device.',
  },
  {
    name: 'rateLimitAccount',
    environmentName: 'RATE_LIMIT_ACCOUNT',
    fallback: '100/1h',
    meaning:
      'Failed log-ins per account from all addresses together, those of known devices apart; password changes and step-ups as well, counted by themselves.',
  },
  {
    name: 'rateLimitRegister',
    environmentName: 'RATE_LIMIT_REGISTER',
    fallback: '20/1h',
    meaning: 'Registrations, per address.',
  },
  {
    name: 'passwordMinLength',
    environmentName: 'PASSWORD_MIN_LENGTH',
    fallback: '8',
    meaning: 'Characters that a new password has at least, 8 to 64.',
  },
  {
    name: 'passwordCommon',
    environmentName: 'PASSWORD_COMMON',
    fallback: '`refuse` in production, else `warn`',
    meaning: 'What happens to common passwords: `refuse`, or `warn` in the log.',
  },
  {
    name: 'sessionIdle',
    environmentName: 'SESSION_IDLE',
    fallback: '7d',
    meaning: 'A session that is not refreshed for so long is over.',
  },
  {
    name: 'sessionMax',
    environmentName: 'SESSION_MAX',
    fallback: '90d',
    meaning: 'No session lives longer.',
  },
  {
    name: 'refreshWindow',
    environmentName: 'REFRESH_WINDOW',
    fallback: '30s',
    meaning: 'How long the last refresh token gets the same successor again, up to 5m.',
  },
  {
    name: 'smtpUrl',
    environmentName: 'SMTP_URL',
    fallback: 'none: development shows mails at /dev/mailbox, production has no mail flows',
    meaning:
      '`smtp://<user>:<password>@<host>:<port>`, or `smtps://` with TLS from the first byte.',
    isSecret: true,
  },
  {
    name: 'mailFrom',
    environmentName: 'MAIL_FROM',
    fallback: 'required with SMTP_URL',
    meaning: 'Who mails come from: an address, or `Name <address>`.',
  },
  {
    name: 'accountPagesUrl',
    environmentName: 'ACCOUNT_PAGES_URL',
    fallback: 'PUBLIC_URL, then /account',
    meaning: 'Where links in mails lead: the page for each act stands below it.',
  },
  {
    name: 'serviceName',
    environmentName: 'SERVICE_NAME',
    fallback: 'Countersign',
    meaning: 'What mails call this service.',
  },
  {
    name: 'rateLimitMail',
    environmentName: 'RATE_LIMIT_MAIL',
    fallback: '10/1h',
    meaning: 'Mails that one address may ask for, and that one mailbox may be sent.',
  },
  {
    name: 'signInByMail',
    environmentName: 'SIGN_IN_BY_MAIL',
    fallback: 'on',
    meaning: '`off` takes away the log-in with a code or link that comes by mail.',
  },
  {
    name: 'secondFactor',
    environmentName: 'SECOND_FACTOR',
    fallback: 'optional',
    meaning:
      '`required` for everybody, or the roles (with commas) that need a second factor. Who chose none is sent a code to the verified address, or adds one while logging in.',
  },
  {
    name: 'recentAuthentication',
    environmentName: 'RECENT_AUTHENTICATION',
    fallback: '15m',
    meaning:
      'How long ago a log-in may be for dangerous acts: administration, addresses, second factors, deletion.',
  },
  {
    name: 'passkeyRpId',
    environmentName: 'PASSKEY_RP_ID',
    fallback: 'the host of PUBLIC_URL',
    meaning:
      'The domain that passkeys are made for: that of the pages, or one above it. Whoever changes it loses every passkey.',
  },
  {
    name: 'passkeyOrigins',
    environmentName: 'PASSKEY_ORIGINS',
    fallback: 'PUBLIC_URL and CLIENT_ORIGIN, as far as they are at PASSKEY_RP_ID',
    meaning: 'Exact origins, with commas, whose pages may use passkeys.',
  },
  {
    name: 'auditRetention',
    environmentName: 'AUDIT_RETENTION',
    fallback: '365d',
    meaning: 'How long audit events are kept in the database.',
  },
  {
    name: 'metricsToken',
    environmentName: 'METRICS_TOKEN',
    fallback: 'none: /metrics is not there',
    meaning: 'Serves /metrics to holders of this token, at least 16 characters.',
    isSecret: true,
  },
  {
    name: 'metricsPort',
    environmentName: 'METRICS_PORT',
    fallback: 'none',
    meaning: 'Serves /metrics on this port of HOST, without a token.',
  },
  {
    name: 'docs',
    environmentName: 'DOCS',
    fallback: 'on',
    meaning: '`off` hides /docs and /openapi.json.',
  },
  {
    name: 'logLevel',
    environmentName: 'LOG_LEVEL',
    fallback: 'info',
    meaning: '`debug`, `info`, `warn`, `error` or `silent`.',
  },
]

/** Whether `<environmentName>_FILE` may name a file that holds the value. */
export function isReadableFromFile({ isSecret, mayHoldPassword }: OptionDescription): boolean {
  return isSecret === true || mayHoldPassword === true
}

export function environmentNameOf(name: OptionName): string {
  return optionTable.find((option) => option.name === name)?.environmentName ?? name
}
