import type { PostgresSettings, Settings } from '@countersign/server/config'

/** What may have been forgotten in production: said at every start, too. */
export function adviseOnProduction({ production, publicUrl }: Settings): readonly string[] {
  if (!production || publicUrl.startsWith('https:')) return []
  return [
    `PUBLIC_URL is ${publicUrl}: cookies go without Secure, and tokens and mails name an address that only this machine ` +
      'knows. Set it to where clients reach this server.',
  ]
}

/** What works and may still not be meant. */
export function adviseOn(settings: Settings): readonly string[] {
  const advice: string[] = [...adviseOnProduction(settings)]
  const isHttps = settings.publicUrl.startsWith('https:')
  if (isHttps && settings.trustedProxies === 0) {
    advice.push(
      'PUBLIC_URL is https, so a proxy ends TLS in front; with TRUSTED_PROXIES=0 all callers share the limits of its ' +
        'address. Set TRUSTED_PROXIES to the number of proxies.',
    )
  }
  if (!isHttps && settings.trustedProxies > 0) {
    advice.push('TRUSTED_PROXIES is set and PUBLIC_URL is http: is there a proxy at all?')
  }
  const { rpId, origins } = settings.passkeys
  const excluded = settings.clientOrigins.filter((origin) => !origins.includes(origin))
  if (excluded.length > 0) {
    advice.push(
      `Pages of ${excluded.join(', ')} cannot use passkeys, which are those of ${rpId}: set PASSKEY_RP_ID to a domain ` +
        'above both, before the first passkey is made.',
    )
  }
  if (settings.database.kind === 'postgres') advice.push(...adviseOnTls(settings.database))
  if (settings.jwtSecret !== undefined) {
    advice.push(
      'With JWT_SECRET every service that verifies tokens can also forge them. Without it services verify by the ' +
        'public keys at /.well-known/jwks.json.',
    )
  }
  if (!settings.production) {
    advice.push('NODE_ENV is not production: common passwords are accepted with a warning.')
  }
  if (settings.commonPasswords === 'warn' && settings.production) {
    advice.push('PASSWORD_COMMON=warn accepts passwords that attackers try first.')
  }
  if (settings.accessTokenTtlSeconds > 3600) {
    advice.push(
      'JWT_EXPIRES_IN is over an hour: services that verify by themselves accept a token that long after a log-out.',
    )
  }
  return advice
}

function adviseOnTls({ tls, host }: PostgresSettings): readonly string[] {
  const isRemote = !host.startsWith('/') && !/^(localhost|127\.|::1$)/.test(host)
  if (tls === undefined && isRemote) {
    return [
      'sslmode=disable sends everything to the database in the clear: only over a network that is yours alone.',
    ]
  }
  if (tls?.verify === 'nothing') {
    return ['sslmode=require encrypts and does not check who answers: write verify-full.']
  }
  return []
}
