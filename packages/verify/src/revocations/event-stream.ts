/** Takes apart a stream of server-sent events (HTML, "Interpreting an event stream"), as far as the feed uses them. */
export interface EventStreamReader {
  /** The data of every event that this chunk completes. @throws Error when an event grows beyond the limit */
  read(chunk: Uint8Array): string[]
}

/** @param maxLength of one event, in characters: what never ends must not fill the memory */
export function createEventStreamReader(maxLength: number): EventStreamReader {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const lineEnd = /\r\n|\n|\r/g
  let pending = ''
  let data: string[] = []
  let length = 0

  /** The lines that are complete. A CR at the very end may be half of a CRLF, so it waits for what follows. */
  function takeLines(): string[] {
    const lines: string[] = []
    let start = 0
    for (;;) {
      const match = lineEnd.exec(pending)
      if (match === null || (match[0] === '\r' && lineEnd.lastIndex === pending.length)) break
      lines.push(pending.slice(start, match.index))
      start = lineEnd.lastIndex
    }
    pending = pending.slice(start)
    // What was searched is not searched again, or a long line that comes in pieces would cost its square.
    lineEnd.lastIndex = Math.max(0, pending.length - 1)
    return lines
  }

  function takeEvent(): string[] {
    const event = data.length > 0 ? [data.join('\n')] : []
    data = []
    length = 0
    return event
  }

  return {
    read(chunk) {
      pending += decoder.decode(chunk, { stream: true })
      const events: string[] = []
      for (const line of takeLines()) {
        if (line === '') events.push(...takeEvent())
        const content = /^data(?:: ?|$)(.*)$/s.exec(line)?.[1]
        if (content === undefined) continue
        data.push(content)
        // With its line break: lines without content come without end, too.
        length += content.length + 1
      }
      if (pending.length + length > maxLength) throw new Error('An event is too long.')
      return events
    },
  }
}
