/** The origin that this text spells exactly: scheme, host and port, nothing more; undefined for anything else. */
export function parseOrigin(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined
  const { origin, protocol, hostname } = new URL(text)
  if (protocol !== 'https:' && protocol !== 'http:') return undefined
  // A URL may hold it, and who writes it expects it to match more than itself.
  if (hostname.includes('*')) return undefined
  return origin === text || `${origin}/` === text ? origin : undefined
}

/** Whether the host of a URL is this machine itself, which is the one place where http is no risk. */
export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url)
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127(\.\d{1,3}){3}$/.test(hostname)
  )
}
