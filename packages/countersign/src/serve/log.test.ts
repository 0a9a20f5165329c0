import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { describe, test, type TestContext } from 'node:test'
import { createCountersign } from '@countersign/server'
import { createLog } from './log.ts'

const isLinux = process.platform === 'linux'

/** A disk without room. */
function openFull(t: TestContext): number {
  const full = openSync('/dev/full', 'w')
  t.after(() => closeSync(full))
  return full
}

describe('a log that cannot be written', { skip: !isLinux }, () => {
  test('keeps a bounded number of lines for when it can', (t) => {
    const log = createLog({ level: 'info', fd: openFull(t) })
    const fields = { text: 'x'.repeat(1_000) }
    for (let line = 0; line < 2_000; line++) log.info(fields, 'a line')
    const before = process.memoryUsage().rss
    for (let line = 0; line < 50_000; line++) log.info(fields, 'a line')
    assert.ok(process.memoryUsage().rss - before < 24 * 2 ** 20)
  })

  test('changes nothing for those who register and log in', async (t) => {
    const auth = await createCountersign({
      databaseUrl: 'sqlite::memory:',
      logger: createLog({ level: 'info', fd: openFull(t) }),
    })
    t.after(() => auth.close())
    const post = async (path: string): Promise<number> => {
      const request = new Request(`http://localhost:3000/api/auth/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ username: 'ada', password: 'a long enough phrase 7' }),
      })
      return (await auth.fetch(request, { remoteAddress: '192.0.2.1' })).status
    }
    assert.deepEqual([await post('register'), await post('login')], [201, 200])
  })

  test('is told of on standard error, once a minute', () => {
    const script = `
      import { createLog } from ${JSON.stringify(new URL('log.ts', import.meta.url).href)}
      const log = createLog({ level: 'info', fd: 1 })
      for (let line = 0; line < 100; line++) log.info({}, 'a line')
    `
    const words = ['--input-type=module', '--eval', script]
    const full = openSync('/dev/full', 'w')
    const { stderr, status } = spawnSync(process.execPath, words, {
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
    })
    closeSync(full)
    assert.equal(status, 0, stderr)
    assert.match(stderr, /^The log cannot be written, and lines of it are lost: ENOSPC.*\n$/)
  })
})

function fail(): never {
  throw new Error('no log today')
}

test('a host whose logger throws answers as any other', async (t) => {
  const auth = await createCountersign({
    databaseUrl: 'sqlite::memory:',
    logger: { debug: fail, info: fail, warn: fail, error: fail },
  })
  t.after(() => auth.close())
  const request = new Request('http://localhost:3000/api/auth/register', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'ada', password: 'a long enough phrase 7' }),
  })
  assert.equal((await auth.fetch(request, { remoteAddress: '192.0.2.1' })).status, 201)
})
