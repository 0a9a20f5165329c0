// A kill cannot tell a write that was synced from one that lies in the kernel's memory; only a look at the system calls
// can.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { generousLimits, logIn, refresh, register } from './caller.fixture.ts'
import { createProgram } from './program.fixture.ts'

const password = 'a long enough phrase 7'
const refreshes = 40

traceTest('every acknowledged refresh was synced to the disk before its answer', async (t) => {
  const program = createProgram(t)
  const trace = join(program.directory, 'trace')
  const calls = ['-e', 'trace=fsync,fdatasync', '-e', 'status=successful']
  // -D: the program stays the child, and gets the signals. -ttt: seconds since the epoch; -y: which file.
  const strace = ['strace', '-D', '-f', '-ttt', '-y', '--seccomp-bpf', ...calls, '-o', trace]
  const server = await program.start(generousLimits, strace)
  await register(server.url, 'ada', password)
  let { refreshToken } = await logIn(server.url, 'ada', password)
  const spans: { from: number; to: number }[] = []
  for (let count = 0; count < refreshes; count++) {
    const from = performance.timeOrigin + performance.now()
    const reply = await refresh(server.url, refreshToken)
    spans.push({ from, to: performance.timeOrigin + performance.now() })
    assert.equal(reply.status, 200)
    refreshToken = reply.refreshToken
  }
  assert.equal(await server.stop(), 0)
  const synced = readFileSync(trace, 'utf8')
    .split('\n')
    .filter((line) => line.includes('countersign.db-wal'))
    .map((line) => Number(/\d+\.\d+/.exec(line)?.[0]) * 1_000)
  for (const [count, { from, to }] of spans.entries()) {
    const inside = synced.filter((time) => time >= from && time <= to)
    assert.ok(inside.length > 0, `refresh ${count} was answered without a sync`)
  }
})

traceTest(
  'no file of the database can be opened by others, not even while it is made',
  async (t) => {
    const program = createProgram(t)
    const trace = join(program.directory, 'trace')
    const strace = ['strace', '-D', '-f', '--seccomp-bpf', '-e', 'trace=open,openat', '-o', trace]
    const server = await program.start({}, ['sh', '-c', 'umask 0; exec "$@"', 'sh', ...strace])
    await register(server.url, 'ada', password)
    assert.equal(await server.stop(), 0)
    const made = readFileSync(trace, 'utf8')
      .split('\n')
      .flatMap((line) => /\/data\/([^"/]+)".*O_CREAT.*, (0\d+)\) = \d/.exec(line)?.slice(1) ?? [])
    // The first that opens a file makes it.
    const modes = new Map<string, string>()
    for (let at = 0; at < made.length; at += 2) {
      const [name = '', mode = ''] = made.slice(at, at + 2)
      if (!modes.has(name)) modes.set(name, mode)
    }
    assert.ok(modes.has('countersign.db'))
    for (const [name, mode] of modes) assert.equal(mode, '0600', name)
  },
)

/** A test that needs strace; without it, one that is skipped and says so. */
function traceTest(name: string, run: (t: TestContext) => Promise<void>): void {
  void test(name, async (t) => {
    const missing = whyNoTrace()
    if (missing === undefined) return run(t)
    t.skip(`Not run: ${missing}`)
    console.log(`durability.test.ts was not run: ${missing}`)
  })
}

function whyNoTrace(): string | undefined {
  const run = spawnSync('strace', ['-D', '-f', '--seccomp-bpf', '-o', '/dev/null', 'true'], {
    encoding: 'utf8',
  })
  if (run.error !== undefined) return 'strace is not installed (Debian has it)'
  return run.status === 0 ? undefined : `strace cannot trace here: ${run.stderr}`
}
