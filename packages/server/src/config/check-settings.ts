import { checkAdministrator, checkRoles } from './check-accounts.ts'
import { checkDatabase, checkRedis, checkShared } from './check-database.ts'
import { checkMail } from './check-mail.ts'
import { checkPasskeys } from './check-passkeys.ts'
import { checkSecrets, checkSigning } from './check-secrets.ts'
import type { ConfigurationMistake } from './configuration-error.ts'
import { isLoopback, parseOrigin } from './origins.ts'
import { type CountersignOptions, optionTable } from './options.ts'
import { OptionReader } from './read-option.ts'
import { maxAccessTokenTtlSeconds, type Settings } from './settings.ts'

export type CheckedSettings =
  | { readonly ok: true; readonly settings: Settings }
  | { readonly ok: false; readonly mistakes: readonly ConfigurationMistake[] }

export interface CheckContext {
  /** What `production` is when the options do not say. */
  readonly production: boolean
  /** What others find wrong with settings as they were read: no rule about accounts stands in this folder. */
  readonly checkFurther?: (settings: Settings) => readonly ConfigurationMistake[]
}

/** Checks everything and lists every mistake at once. Nothing insecure passes in production. */
export function checkSettings(options: CountersignOptions, context: CheckContext): CheckedSettings {
  const reader = new OptionReader(options)
  checkNames(options, reader)
  const production = readProduction(options, context, reader)
  const port = reader.integer('port', 3000, 0, 65_535)
  const publicUrl = readPublicUrl(reader, port, production)
  const issuer = reader.text('jwtIssuer') ?? publicUrl
  const clientOrigins = readOrigins(reader, production)
  const settings: Settings = {
    production,
    port,
    publicUrl,
    issuer,
    host: reader.text('host') ?? (production ? '::' : '127.0.0.1'),
    audience: reader.text('jwtAudience') ?? issuer,
    clientId: reader.text('jwtClientId') ?? 'first-party',
    ...checkDatabase(reader, production),
    ...checkRedis(reader),
    ...checkSecrets(reader, production),
    ...checkSigning(reader, production),
    ...readLives(reader),
    clientOrigins,
    ...checkPasskeys(reader, { production, publicUrl, clientOrigins }),
    registration: reader.choice('registration', ['open', 'closed'], 'open'),
    signInByMail: reader.choice('signInByMail', ['on', 'off'], 'on') === 'on',
    ...checkMail(reader, { production, publicUrl }),
    ...readSecondFactor(reader),
    recentAuthenticationSeconds: reader.duration('recentAuthentication', '15m', 30, 86_400),
    ...checkRoles(reader),
    ...checkAdministrator(reader),
    trustedProxies: reader.integer('trustedProxies', 0, 0, 10),
    ...readLimits(reader),
    passwordMinLength: reader.integer('passwordMinLength', 8, 8, 64),
    commonPasswords: reader.choice(
      'passwordCommon',
      ['refuse', 'warn'],
      production ? 'refuse' : 'warn',
    ),
    ...readOperations(reader, port),
  }
  checkShared(reader, production, settings)
  checkSecondFactorRoles(reader, settings)
  const mistakes = [...reader.mistakes, ...(context.checkFurther?.(settings) ?? [])]
  return mistakes.length > 0 ? { ok: false, mistakes } : { ok: true, settings }
}

// Text would count as true whatever it says, and one that is not understood must not switch checks off.
function readProduction(
  { production }: { readonly production?: unknown },
  context: CheckContext,
  reader: OptionReader,
): boolean {
  if (production === undefined) return context.production
  if (typeof production === 'boolean') return production
  reader.refuse('production', 'It has to be true or false: as a variable, NODE_ENV=production.')
  return true
}

// A misspelt option would silently leave a default in force.
function checkNames(options: CountersignOptions, reader: OptionReader): void {
  const known = new Set<string>(optionTable.map(({ name }) => name))
  for (const name of Object.keys(options)) {
    if (!known.has(name))
      reader.refuse(undefined, `There is no option "${name}": correct its name.`)
  }
}

function readPublicUrl(reader: OptionReader, port: number, production: boolean): string {
  const fallback = `http://localhost:${port}`
  const text = reader.text('publicUrl')
  if (text === undefined) return fallback
  const origin = parseOrigin(text)
  if (origin === undefined) {
    reader.refuse('publicUrl', `"${text}" is no origin: write it as https://auth.example.com.`)
    return fallback
  }
  if (production && origin.startsWith('http:') && !isLoopback(origin)) {
    reader.refuse(
      'publicUrl',
      'Over http anybody on the way reads passwords and tokens: put TLS in front and write https://.',
    )
  }
  return origin
}

function readOrigins(reader: OptionReader, production: boolean): readonly string[] {
  const origins: string[] = []
  for (const text of reader.list('clientOrigin')) {
    if (text === '*') {
      reader.refuse(
        'clientOrigin',
        '"*" would let every page use the cookies of its visitors: list the exact origins.',
      )
      continue
    }
    const origin = parseOrigin(text)
    if (origin === undefined) {
      reader.refuse('clientOrigin', `"${text}" is no origin: write it as https://app.example.com.`)
    } else if (production && origin.startsWith('http:') && !isLoopback(origin)) {
      reader.refuse('clientOrigin', `"${text}" is http: pages that log users in need https.`)
    } else {
      origins.push(origin)
    }
  }
  return origins
}

function readLives(reader: OptionReader) {
  const accessTokenTtlSeconds = reader.duration('jwtExpiresIn', '15m', 10, maxAccessTokenTtlSeconds)
  const sessionIdleSeconds = reader.duration('sessionIdle', '7d', 60, 400 * 86_400)
  const sessionMaxSeconds = reader.duration('sessionMax', '90d', 60, 3650 * 86_400)
  if (sessionMaxSeconds < sessionIdleSeconds) {
    reader.refuse('sessionMax', 'It is shorter than SESSION_IDLE: make it at least as long.')
  }
  if (accessTokenTtlSeconds > sessionIdleSeconds) {
    reader.refuse(
      'jwtExpiresIn',
      'Access tokens would outlive an idle session: make it shorter than SESSION_IDLE.',
    )
  }
  return {
    accessTokenTtlSeconds,
    sessionIdleSeconds,
    sessionMaxSeconds,
    refreshWindowSeconds: reader.duration('refreshWindow', '30s', 0, 300),
    keyRotationSeconds: reader.duration('keyRotation', '30d', 3600, 3650 * 86_400),
    auditRetentionSeconds: reader.duration('auditRetention', '365d', 86_400, 36_500 * 86_400),
  }
}

function readLimits(reader: OptionReader) {
  return {
    rateLimitAnonymous: reader.rateLimit('rateLimitAnonymous', '100/15m'),
    rateLimitUser: reader.rateLimit('rateLimitUser', '1000/1m'),
    rateLimitLogin: reader.rateLimit('rateLimitLogin', '10/15m'),
    rateLimitAccount: reader.rateLimit('rateLimitAccount', '100/1h'),
    rateLimitRegister: reader.rateLimit('rateLimitRegister', '20/1h'),
    rateLimitMail: reader.rateLimit('rateLimitMail', '10/1h'),
  }
}

function readSecondFactor(reader: OptionReader): Pick<Settings, 'secondFactor'> {
  const listed = reader.list('secondFactor')
  const [only = 'optional'] = listed
  if (listed.length <= 1 && (only === 'optional' || only === 'required')) {
    return { secondFactor: only }
  }
  return { secondFactor: listed }
}

// A misspelt role would leave those whom it means without a second factor.
function checkSecondFactorRoles(reader: OptionReader, settings: Settings): void {
  const { secondFactor, roles } = settings
  if (typeof secondFactor === 'string') return
  for (const role of secondFactor) {
    if (roles.includes(role)) continue
    reader.refuse(
      'secondFactor',
      `"${role}" is no role: write optional, required, or roles out of ${roles.join(', ')}.`,
    )
  }
}

function readOperations(reader: OptionReader, port: number) {
  const metricsToken = reader.text('metricsToken')
  if (metricsToken !== undefined && metricsToken.length < 16) {
    reader.refuse('metricsToken', 'It is too short: take 16 random characters or more.')
  }
  const metricsPort =
    reader.text('metricsPort') === undefined
      ? undefined
      : reader.integer('metricsPort', 0, 0, 65_535)
  // Zero is one that is free, for each of the two.
  if (metricsPort === port && port !== 0) {
    reader.refuse(
      'metricsPort',
      'It is PORT, where the API is: take another, or 0 for one that is free.',
    )
  }
  return {
    metricsToken,
    metricsPort,
    documentation: reader.choice('docs', ['on', 'off'], 'on') === 'on',
    logLevel: reader.choice(
      'logLevel',
      ['debug', 'info', 'warn', 'error', 'silent'] as const,
      'info',
    ),
  }
}
