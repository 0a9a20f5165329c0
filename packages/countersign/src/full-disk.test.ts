// The program on a disk that is really full: a small file system in memory, mounted where only the program sees it.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { call, generousLimits, logIn, type Reply, refresh, register } from './caller.fixture.ts'
import { createProgram } from './program.fixture.ts'

const password = 'a long enough phrase 7'
const filler = 'data/filler'

test('a full disk is a 503 with no half-done change, reads go on, and room is all it takes', async (t) => {
  if (isSkipped(t)) return
  const program = createProgram(t)
  mkdirSync(join(program.directory, 'data'))
  const server = await program.start(generousLimits, smallDisk(''))
  const { url, child } = server
  await register(url, 'ada', password)
  const ada = await logIn(url, 'ada', password)
  // The program's own view of the file system, which has the small disk.
  const inside = `/proc/${child.pid}/root${program.directory}/${filler}`
  fill(inside)
  const full = await refreshUntilRefused(url, ada.refreshToken)
  assert.equal(full.reply.code, 'unavailable')
  const body = { username: 'bob', password }
  assert.equal((await call(url, '/api/auth/register', { body })).status, 503)
  assert.equal((await call(url, '/health/ready')).status, 503)
  assert.equal((await call(url, '/health/live')).status, 200)
  assert.equal((await call(url, '/api/users', { token: ada.token })).status, 200, 'reads go on')
  assert.match(server.output(), /The disk is full: make room beside the database\./)
  rmSync(inside)
  assert.equal((await call(url, '/health/ready')).status, 200)
  const after = await refresh(url, full.held)
  assert.equal(after.status, 200, 'the token that was refused is still the one that counts')
  await register(url, 'bob', password)
  assert.equal((await refresh(url, after.refreshToken)).status, 200)
  assert.doesNotMatch(server.output(), /session\.(restored|theft|superseded)/)
  assert.equal(await server.stop(), 0)
})

test('a start on a full disk says so, and the next one with room succeeds', async (t) => {
  if (isSkipped(t)) return
  const program = createProgram(t)
  mkdirSync(join(program.directory, 'data'))
  const fillFirst = `head -c 64M /dev/zero > ${filler} 2>/dev/null;`
  await assert.rejects(program.start(generousLimits, smallDisk(fillFirst)), (error: Error) => {
    assert.match(error.message, /disk is full|No space left|write access/)
    assert.doesNotMatch(error.message, /^\s+at /m, 'no stack')
    return true
  })
  const server = await program.start(generousLimits, smallDisk(`${fillFirst} rm ${filler};`))
  assert.equal((await call(server.url, '/health/ready')).status, 200)
})

const hasFullDevice = { skip: !existsSync('/dev/full') && 'there is no /dev/full' }
test('standard output on a full disk is told in one line', hasFullDevice, async (t) => {
  const program = createProgram(t)
  const intoFull = ['sh', '-c', 'exec "$@" > /dev/full', 'sh']
  for (const words of [['start'], ['openapi'], ['--help']]) {
    await assert.rejects(program.start({}, intoFull, words), (error: Error) => {
      const said = error.message.replace('The server did not start:\n', '')
      assert.match(said, /^Standard output takes nothing more \(ENOSPC[^)]*\): make room .*\n$/)
      return true
    })
  }
})

/** Runs what follows with a disk of 6 MB at ./data, in a mount namespace of its own. */
function smallDisk(beforehand: string): string[] {
  const script = `mount -t tmpfs -o size=6m,mode=700 tmpfs data && { ${beforehand} exec "$@"; }`
  return ['unshare', '-Urm', 'sh', '-c', script, 'sh']
}

function isSkipped(t: TestContext): boolean {
  const run = spawnSync('unshare', ['-Urm', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], {
    encoding: 'utf8',
  })
  if (run.status === 0) return false
  const reason = `no mount namespace can be made here: ${run.error?.message ?? run.stderr}`
  t.skip(`Not run: ${reason}`)
  console.log(`full-disk.test.ts was not run: ${reason}`)
  return true
}

function fill(file: string): void {
  const descriptor = openSync(file, 'w')
  try {
    for (const bytes of [65_536, 4_096, 1]) writeUntilFull(descriptor, Buffer.alloc(bytes))
  } finally {
    closeSync(descriptor)
  }
}

function writeUntilFull(descriptor: number, bytes: Buffer): void {
  for (;;) {
    try {
      writeSync(descriptor, bytes)
    } catch (error) {
      assert.match(String(error), /ENOSPC/)
      return
    }
  }
}

/** There is some room left inside the files that are there already. */
async function refreshUntilRefused(
  url: string,
  first: string,
): Promise<{ reply: Reply; held: string }> {
  let held = first
  for (let count = 0; count < 10_000; count++) {
    const reply = await refresh(url, held)
    if (reply.status !== 200) return { reply, held }
    held = reply.refreshToken
  }
  throw new Error('The disk never filled')
}
