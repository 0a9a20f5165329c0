import { parseJsonObject, type JsonObject } from '../encoding/json-object.ts'
import { type Fetch, fetchDocument } from './fetch-document.ts'
import { isLoopback, parseSecureUrl } from './secure-url.ts'

/** What the issuer's metadata tells (RFC 8414 §2), each address checked. */
export interface IssuerMetadata {
  jwksUri: string | undefined
  introspectionEndpoint: string | undefined
}

const WELL_KNOWN = '/.well-known/oauth-authorization-server'
const MAX_METADATA_BYTES = 65_536

/**
 * Reads the metadata of an issuer. An issuer with a path has it between host and path (RFC 8414 §3.1); where nothing
 * is found there, behind the path.
 *
 * @throws Error that says what is wrong with it
 */
export async function discover(
  issuer: string,
  fetch: Fetch,
  timeoutMs: number,
): Promise<IssuerMetadata> {
  const [first, second] = metadataAddresses(issuer)
  const wanted = { name: 'metadata', timeoutMs, maxBytes: MAX_METADATA_BYTES, headers: ACCEPT_JSON }
  const statuses = second === undefined ? [200] : [200, 404]
  let answer = await fetchDocument(fetch, { ...wanted, url: first, statuses })
  if (answer.status === 404 && second !== undefined) {
    answer = await fetchDocument(fetch, { ...wanted, url: second })
  }
  const metadata = parseJsonObject(answer.bytes)
  // RFC 8414 §3.3: identical, or somebody passes off their keys as another's.
  if (metadata?.['issuer'] !== issuer) {
    throw new Error(
      `The metadata at ${first} is not that of the issuer: its "issuer" must be exactly ${issuer}.`,
    )
  }
  return {
    jwksUri: readAddress(metadata, 'jwks_uri', issuer),
    introspectionEndpoint: readAddress(metadata, 'introspection_endpoint', issuer),
  }
}

/** What every request for JSON says it takes. */
export const ACCEPT_JSON: Readonly<Record<string, string>> = { accept: 'application/json' }

function metadataAddresses(issuer: string): [string, string?] {
  const { origin, pathname, href } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  if (path === '') return [`${origin}${WELL_KNOWN}`]
  return [`${origin}${WELL_KNOWN}${path}`, `${href.replace(/\/$/, '')}${WELL_KNOWN}`]
}

/** An issuer elsewhere has no business naming addresses on this machine. */
function readAddress(metadata: JsonObject, name: string, issuer: string): string | undefined {
  const text = metadata[name]
  if (text === undefined) return undefined
  const url = parseSecureUrl(text)
  if (url === undefined || (isLoopback(url) && !isLoopback(new URL(issuer)))) {
    throw new Error(`The metadata of ${issuer} has a "${name}" that is not an https address.`)
  }
  return url.href
}
