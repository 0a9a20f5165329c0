import { isIP, isIPv6 } from 'node:net'
import type { RequestSource } from './request-source.ts'

/**
 * The address to hold a caller to. X-Forwarded-For counts only for the configured number of trusted proxies, read from
 * the right: what stands further left was written by the caller.
 */
export function resolveClientAddress(source: RequestSource, trustedProxies: number): string {
  const direct = source.remoteAddress ?? 'unknown'
  if (trustedProxies === 0) return normalizeAddress(direct)
  const forwarded = (source.header('x-forwarded-for') ?? '').split(',').map((part) => part.trim())
  let address = direct
  for (const candidate of forwarded.toReversed().slice(0, trustedProxies)) {
    const named = withoutPort(candidate)
    if (isIP(named) === 0) break
    address = named
  }
  return normalizeAddress(address)
}

/** Some proxies write the caller's port beside the address, and IPv6 then in brackets (RFC 3986 section 3.2.2). */
function withoutPort(entry: string): string {
  const { v4, v6 } = entryPattern.exec(entry)?.groups ?? {}
  return v4 ?? v6 ?? entry
}

// The first colon ends what may not have a dot: were it any of them, a header of colons would be searched once for each.
const entryPattern = /^(?:(?<v4>[\d.]+):\d{1,5}|\[(?<v6>[^[\].:]*:[^[\]]*)\](?::\d{1,5})?)$/

/** One spelling per address; an IPv4 address in IPv6 form is the IPv4 address, in whichever digits it is written. */
export function normalizeAddress(address: string): string {
  // Short cuts for the two ways of most calls: IPv4, and IPv4 as dual-stack sockets write it.
  if (!address.includes(':')) return address
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  const withoutZone = address.split('%', 1)[0] ?? address
  if (!isIPv6(withoutZone)) return withoutZone
  const shortest = new URL(`http://[${withoutZone}]/`).hostname.slice(1, -1)
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(shortest) ?? []
  if (high === undefined || low === undefined) return shortest
  const bytes = Buffer.alloc(4)
  bytes.writeUInt16BE(Number.parseInt(high, 16), 0)
  bytes.writeUInt16BE(Number.parseInt(low, 16), 2)
  return bytes.join('.')
}

/** What limits count by: an IPv4 address, or the /64 that one IPv6 customer holds. */
export function toLimitKey(address: string): string {
  if (!address.includes(':') || !isIPv6(address)) return address
  const [head = '', tail] = address.split('::')
  const front = head === '' ? [] : head.split(':')
  const back = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : 8 - front.length - back.length
  const groups = [...front, ...Array<string>(zeros).fill('0'), ...back]
  return `${groups.slice(0, 4).join(':')}::/64`
}
