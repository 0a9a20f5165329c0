// Hashes that do not end until they may: what waits for them is refused then, however fast the machine is.

import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, open, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

/**
 * Keeps every thread of libuv's pool, on which hashes run: each opens a pipe that nobody writes to. Nothing else that
 * needs one of these threads goes on either: a file, a signature of WebCrypto.
 * @returns lets them go on
 */
export function holdHashes(t: TestContext): () => Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-held-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const pipe = join(directory, 'pipe')
  execFileSync('mkfifo', [pipe])
  const threads = Number(process.env['UV_THREADPOOL_SIZE']) || 4
  const opened = Array.from({ length: threads }, () => openLater(pipe))
  let isHeld = true
  const release = async (): Promise<void> => {
    if (!isHeld) return
    isHeld = false
    // Read and written at once, a pipe opens without anybody at its other end, and is that end.
    const end = openSync(pipe, 'r+')
    for (const descriptor of await Promise.all(opened)) closeSync(descriptor)
    closeSync(end)
  }
  t.after(release)
  return release
}

function openLater(path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    open(path, 'r', (error, descriptor) => (error ? reject(error) : resolve(descriptor)))
  })
}
