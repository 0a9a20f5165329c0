import { closeSync, fdatasync, openSync } from 'node:fs'

export interface LogFile {
  /** Puts what was written to it on the disk, on a thread beside the event loop. */
  sync(): Promise<void>
  close(): void
}

/** The write-ahead log of a database that is open: SQLite makes it then, and keeps it for as long as anybody has it open. */
export function openLogFile(database: string): LogFile {
  // Writable: Windows flushes nothing else.
  const descriptor = openSync(`${database}-wal`, 'r+')
  return {
    sync: () =>
      new Promise((resolve, reject) => {
        fdatasync(descriptor, (error) => {
          if (error) reject(error)
          else resolve()
        })
      }),
    close: () => closeSync(descriptor),
  }
}
