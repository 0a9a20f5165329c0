// What docs/second-factors.md shows, as a reader would run it: with curl, and oathtool for the app.

import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { createCountersign } from '../create-countersign.ts'

const document = join(import.meta.dirname, '../../../../docs/second-factors.md')
const withoutOathtool = spawnSync('oathtool', ['--version']).error
  ? 'Not run: oathtool is missing (Debian has it)'
  : false

test('docs/second-factors.md adds an app and logs in with it', {
  skip: withoutOathtool,
}, async (t) => {
  // By the real time, as oathtool's.
  const auth = await createCountersign({ databaseUrl: 'sqlite::memory:' })
  t.after(() => auth.close())
  const http = createServer((request, response) => auth.handler(request, response))
  await once(http.listen(0, '127.0.0.1'), 'listening')
  t.after(() => http.close())
  const { port }: AddressInfo = Object(http.address())
  const block = /```sh\n([\s\S]*?)```/.exec(readFileSync(document, 'utf8'))?.[1] ?? ''
  const script = block.replace('localhost:3000', `127.0.0.1:${port}`)
  const child = spawn('sh', ['-e', '-c', script])
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += String(chunk)
    })
  }
  const [code] = (await once(child, 'close')) as [number]
  assert.equal(code, 0, output)
  const answers = output.split(/(?<=\})(?=\{)/).map((text) => JSON.parse(text) as object)
  const [registered, confirmed, loggedIn, ...more] = answers
  assert.deepEqual(more, [])
  assert.ok(registered && 'user' in registered)
  assert.ok(confirmed && 'factor' in confirmed)
  assert.ok(loggedIn && 'accessToken' in loggedIn && 'user' in loggedIn)
})
