import { isIP } from 'node:net'
import { isLoopback, parseOrigin } from './origins.ts'
import type { OptionReader } from './read-option.ts'
import type { PasskeySettings } from './settings.ts'

const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?'
const domainPattern = new RegExp(String.raw`^(?:localhost|${label}(?:\.${label})+)$`)

export interface PasskeyContext {
  readonly production: boolean
  readonly publicUrl: string
  readonly clientOrigins: readonly string[]
}

/**
 * Whose passkeys they are, and which pages may use them. Both come from the configuration alone: what a request says of
 * its host counts for nothing (WebAuthn Level 3, section 13.4.9).
 */
export function checkPasskeys(
  reader: OptionReader,
  context: PasskeyContext,
): { readonly passkeys: PasskeySettings } {
  const rpId = readRpId(reader, context)
  const listed = reader.list('passkeyOrigins')
  const origins =
    listed.length > 0
      ? listed.flatMap((text) => readOrigin(reader, text, rpId, context.production))
      : [context.publicUrl, ...context.clientOrigins].filter((origin) => isBelow(origin, rpId))
  if (origins.length === 0 && listed.length === 0) {
    reader.refuse(
      'passkeyRpId',
      `Neither PUBLIC_URL nor CLIENT_ORIGIN is at ${rpId}: no page could use its passkeys.`,
    )
  }
  return { passkeys: { rpId, origins: [...new Set(origins)] } }
}

function readRpId(reader: OptionReader, { publicUrl }: PasskeyContext): string {
  const fallback = new URL(publicUrl).hostname
  const text = reader.text('passkeyRpId')
  if (text === undefined) return fallback
  if (isDomain(text)) return text
  reader.refuse('passkeyRpId', `"${text}" is no domain: write it as example.com.`)
  return fallback
}

// As browsers spell it. They know no passkeys for an address, and read 1.2 as one.
function isDomain(text: string): boolean {
  return domainPattern.test(text) && spelling(text) === text && isIP(text) === 0
}

function spelling(domain: string): string | undefined {
  return URL.canParse(`http://${domain}`) ? new URL(`http://${domain}`).hostname : undefined
}

function readOrigin(
  reader: OptionReader,
  text: string,
  rpId: string,
  production: boolean,
): readonly string[] {
  const origin = parseOrigin(text)
  if (origin === undefined) {
    reader.refuse('passkeyOrigins', `"${text}" is no origin: write it as https://app.example.com.`)
  } else if (!isBelow(origin, rpId)) {
    reader.refuse(
      'passkeyOrigins',
      `"${text}" is not at ${rpId}, and no browser would let its pages use these passkeys.`,
    )
  } else if (production && origin.startsWith('http:') && !isLoopback(origin)) {
    reader.refuse('passkeyOrigins', `"${text}" is http: browsers have passkeys on https alone.`)
  } else {
    return [origin]
  }
  return []
}

function isBelow(origin: string, rpId: string): boolean {
  const { hostname } = new URL(origin)
  return hostname === rpId || hostname.endsWith(`.${rpId}`)
}
