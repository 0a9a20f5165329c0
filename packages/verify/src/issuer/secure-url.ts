const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/**
 * The URL, if what it answers can be believed: https, or http to this very machine (`localhost`, 127.0.0.0/8, ::1).
 * Undefined for anything else, also with a user name, a password or a fragment.
 */
export function parseSecureUrl(text: unknown): URL | undefined {
  const url = typeof text === 'string' ? URL.parse(text) : null
  if (url === null || url.username !== '' || url.password !== '' || url.hash !== '') {
    return undefined
  }
  if (url.protocol === 'https:') return url
  return url.protocol === 'http:' && isLoopback(url) ? url : undefined
}

/** Whether the URL names this very machine. */
export function isLoopback(url: URL): boolean {
  return LOOPBACK.test(url.hostname)
}
