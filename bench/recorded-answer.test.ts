import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { startBareHttp } from './contenders.ts'
import { recordAnswer } from './recorded-answer.ts'

const request = { method: 'GET', headers: {} }

test('the bare server answers the very bytes that were recorded, but for the date', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'recorded-answer-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const url = await serve(t, 200)
  await using bare = await startBareHttp(directory, '0', await recordAnswer(`${url}/`, request))
  const original = await readRaw(url)
  assert.match(original, /x-mark: a\r\n/)
  assert.match(original, /\r\n\r\n\{"name":"é"\}$/)
  assert.equal(await readRaw(bare.url), original)
})

test('an answer that is no success is not recorded', async (t) => {
  const url = await serve(t, 401)
  await assert.rejects(recordAnswer(`${url}/`, request), /was answered 401: \{"name":"é"\}/)
})

async function serve(t: TestContext, status: number): Promise<string> {
  const body = '{"name":"é"}'
  const headers = { 'x-mark': 'a', 'Content-Length': Buffer.byteLength(body) }
  const server = createServer({ keepAliveTimeout: 65_000 }, (_request, response) => {
    response.writeHead(status, headers).end(body)
  })
  t.after(() => server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** One request over a socket of its own, which the peer keeps open: read until the body has come. */
async function readRaw(url: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')
  let text = ''
  for await (const chunk of socket) {
    text += String(chunk)
    if (text.endsWith('}')) break
  }
  return text.replace(/Date: .*\r\n/, '')
}
