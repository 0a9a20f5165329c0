import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface RawConnection {
  readonly socket: Socket
  write(bytes: string | Uint8Array): void
  /** What was received so far, one character a byte. */
  received(): string
  /** Resolves when the server has hung up. */
  readonly closed: Promise<void>
  /** Resolves when what was received matches, or the server has hung up. */
  until(pattern: RegExp): Promise<string>
}

/** A TCP connection on which a test writes what it likes. */
export async function openConnection(target: { readonly port: number }): Promise<RawConnection> {
  const socket = connect(target.port, '127.0.0.1')
  socket.setEncoding('latin1')
  let text = ''
  const watchers = new Set<() => void>()
  const wake = (): void => {
    for (const watch of watchers) watch()
  }
  socket.on('data', (part: string) => {
    text += part
    wake()
  })
  // A reset while we still write is one of the ways in which a server hangs up.
  socket.on('error', wake)
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      wake()
      resolve()
    })
  })
  await once(socket, 'connect')
  return {
    socket,
    closed,
    write: (bytes) => {
      if (!socket.destroyed) socket.write(bytes)
    },
    received: () => text,
    until: (pattern) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!pattern.test(text) && !socket.destroyed) return
          watchers.delete(look)
          resolve(text)
        }
        watchers.add(look)
        look()
      }),
  }
}

/** Sends the bytes as they are and resolves with everything that came back before the server hung up. */
export async function exchange(
  target: { readonly port: number },
  bytes: string | Uint8Array,
): Promise<string> {
  const connection = await openConnection(target)
  connection.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  await connection.closed
  return connection.received()
}
