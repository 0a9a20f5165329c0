/** PostgreSQL takes less than 8,000 bytes in one notification. */
const mostBytes = 7_900

/** Takes as many messages as fit into one notification, at least one, from the front of the list. */
export function takeBatch(waiting: string[]): string {
  let bytes = 2
  let count = 0
  for (const message of waiting) {
    bytes += Buffer.byteLength(JSON.stringify(message)) + 1
    if (bytes > mostBytes && count > 0) break
    count++
  }
  return JSON.stringify(waiting.splice(0, count))
}

/** The messages of a notification; none when somebody else wrote it. */
export function decodeBatch(payload: string): readonly string[] {
  try {
    const messages: unknown = JSON.parse(payload)
    return Array.isArray(messages) ? messages.filter((message) => typeof message === 'string') : []
  } catch {
    return []
  }
}
