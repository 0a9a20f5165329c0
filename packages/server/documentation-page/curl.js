/** @import { CallRequest } from './types.ts' */

/**
 * The call as a command for a shell. The refresh cookie is out of reach for scripts, so it comes from a jar.
 *
 * @param {CallRequest} request
 * @param {{ cookie: string | undefined }} options
 */
export function toCurl({ method, url, headers, body }, { cookie }) {
  const parts = [method === 'GET' ? `curl ${quote(url)}` : `curl -X ${method} ${quote(url)}`]
  for (const [name, value] of Object.entries(headers))
    parts.push(`-H ${quote(`${name}: ${value}`)}`)
  if (cookie !== undefined) parts.push('-b jar.txt -c jar.txt')
  if (body !== undefined) parts.push(`-d ${quote(body)}`)
  return parts.join(' \\\n  ')
}

/** @param {string} text */
function quote(text) {
  return `'${text.replaceAll("'", "'\\''")}'`
}
