// The program and its mails: with an SMTP server that comes and goes, killed in between, and without one.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { test, type TestContext } from 'node:test'
import { type ParsedMail, simpleParser } from 'mailparser'
import { SMTPServer } from 'smtp-server'
import { call, generousLimits, until } from './caller.fixture.ts'
import { createProgram } from './program.fixture.ts'

const password = 'a long enough phrase 7'
const ada = 'ada@example.org'
const secret = 'k3Vx9QpT7mWz2RbN5sLc8YdF4hJg6AeU'

async function listenSmtp(t: TestContext, port: number): Promise<ParsedMail[]> {
  const received: ParsedMail[] = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: (stream, _session, done) => {
      simpleParser(stream)
        .then((mail) => received.push(mail))
        .then(() => done(), done)
    },
  })
  server.listen(port, '127.0.0.1')
  await once(server.server, 'listening')
  t.after(() => new Promise<void>((resolve) => server.close(resolve)))
  return received
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

const register = (url: string) =>
  call(url, '/api/auth/register', { body: { username: 'ada', password, email: ada } })

test('a mail that was accepted survives a dead mail server and a killed program', async (t) => {
  const program = createProgram(t)
  const port = await freePort()
  const mail = { SMTP_URL: `smtp://127.0.0.1:${port}`, MAIL_FROM: 'Shop <accounts@example.com>' }
  const variables = { ...generousLimits, ...mail, JWT_ISSUER: 'http://localhost:3000' }
  const first = await program.start(variables)
  assert.equal((await register(first.url)).status, 201)
  await until(() => first.output().includes('could not be sent'))
  await first.stop('SIGKILL')
  const received = await listenSmtp(t, port)
  const second = await program.start(variables)
  // The first delay after a failure is 15 seconds.
  await until(() => received.length > 0)
  assert.equal(received.length, 1)
  assert.match(received[0]?.subject ?? '', /Confirm your address/)
  assert.equal(await second.stop(), 0)
})

test('without SMTP, development shows the mails to this machine alone', async (t) => {
  const program = createProgram(t)
  const server = await program.start(generousLimits)
  await register(server.url)
  await until(() => server.output().includes('A mail was not sent'))
  const page = await fetch(`${server.url}/dev/mailbox`)
  const shown = await page.text()
  assert.match(shown, /Confirm your address[\s\S]*<a href="http[^"]+\/account\/verify-email#/)
  const headers = { 'x-forwarded-for': '203.0.113.9' }
  assert.equal((await fetch(`${server.url}/dev/mailbox`, { headers })).status, 404)
  assert.equal(await statusFor(server.url, 'rebound.example'), 404)
  assert.equal(await statusFor(server.url, new URL(server.url).host), 200)
})

/** What a page is told that reached this machine under a name of its own: fetch sets no Host. */
async function statusFor(url: string, host: string): Promise<number | undefined> {
  const call = request(`${url}/dev/mailbox`, { headers: { host } }).end()
  const [answer] = (await once(call, 'response')) as [IncomingMessage]
  answer.resume()
  return answer.statusCode
}

test('without SMTP, production has no mailbox and no flow that needs mail', async (t) => {
  const program = createProgram(t)
  const port = await freePort()
  const production = {
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    PORT: `${port}`,
    PUBLIC_URL: `http://localhost:${port}`,
    COUNTERSIGN_SECRET: secret,
  }
  const server = await program.start({ ...generousLimits, ...production })
  for (const path of ['/dev/mailbox', '/account/reset-password']) {
    assert.equal((await fetch(server.url + path)).status, 404, path)
  }
  const body = { email: ada }
  for (const path of ['password/forgot', 'email/verify', 'code', 'email']) {
    assert.equal((await call(server.url, `/api/auth/${path}`, { body })).status, 404, path)
  }
  const nameless = await call(server.url, '/api/auth/register', {
    body: { email: ada, password },
  })
  assert.equal(nameless.status, 400)
})
