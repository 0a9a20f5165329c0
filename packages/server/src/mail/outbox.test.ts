import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test, type TestContext } from 'node:test'
import { type ParsedMail, simpleParser } from 'mailparser'
import { SMTPServer } from 'smtp-server'
import { createTestClock, createTestRandomness } from '../foundation/deterministic.fixture.ts'
import { createIdSource } from '../foundation/ids.ts'
import { silentLogger } from '../foundation/logger.ts'
import { createMasterSecrets } from '../foundation/master-secret.ts'
import { systemRandomness } from '../foundation/randomness.ts'
import { openMemoryStore } from '../stores/memory-store.fixture.ts'
import { type MailMessage, renderMail } from './content.ts'
import { createOutbox, type MailKind, type MailTransport } from './outbox.ts'
import { openSmtpTransport } from './smtp-transport.ts'
import { en } from './texts/en.ts'

interface Facts {
  readonly to: string
  readonly username: string
}

const notice: MailKind<Facts> = {
  kind: 'notice',
  lifeMs: 3_600_000,
  compose: async ({ to, username }) => {
    const url = 'https://auth.example.com/account/reset-password#a&b'
    return renderMail(to, en.resetPassword({ service: 'Shop', username, url, life: '1 hour' }))
  },
}

async function setUp(t: TestContext, transport: MailTransport) {
  const clock = createTestClock()
  const store = await openMemoryStore(t, clock)
  const newOutbox = () => {
    const outbox = createOutbox({
      store,
      transport,
      secrets: createMasterSecrets(['a-secret-that-is-long-enough-for-tests']),
      newId: createIdSource(clock, systemRandomness),
      randomness: createTestRandomness(),
      clock,
      logger: silentLogger,
    })
    outbox.register([notice])
    return outbox
  }
  return { clock, store, outbox: newOutbox(), newOutbox }
}

function collecting(send: (message: MailMessage) => Promise<void> = async () => undefined) {
  const sent: MailMessage[] = []
  const transport: MailTransport = {
    description: 'memory',
    send: async (message) => {
      await send(message)
      sent.push(message)
    },
    close: () => undefined,
  }
  return { sent, transport }
}

/** A real SMTP server, which refuses as many mails as it is told to. */
async function startSmtp(t: TestContext, refusals = 0) {
  const received: ParsedMail[] = []
  let left = refusals
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: (stream, _session, done) => {
      simpleParser(stream).then((mail) => {
        if (left-- > 0) return done(new Error('try again later'))
        received.push(mail)
        return done()
      }, done)
    },
  })
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  const { port } = server.server.address() as { port: number }
  const settings = { host: '127.0.0.1', port, secure: false, requiresTls: false }
  const smtp = { ...settings, user: undefined, password: undefined }
  const transport = await openSmtpTransport(smtp, 'Shop <accounts@example.com>')
  t.after(async () => {
    // First, or the server waits half a minute for the connection that is kept.
    transport.close()
    await new Promise<void>((resolve) => server.close(resolve))
  })
  return { received, transport }
}

describe('a mail', () => {
  test('arrives over SMTP, plain and as HTML, with names that stay names', async (t) => {
    const { received, transport } = await startSmtp(t)
    const { outbox } = await setUp(t, transport)
    await outbox.post(notice, { to: 'ada@example.org', username: '<b>Ada</b>\r\nBcc: x@y.z' })
    await outbox.work()
    const [mail] = received
    assert.ok(mail && received.length === 1)
    assert.equal(mail.from?.text, '"Shop" <accounts@example.com>')
    const to = Array.isArray(mail.to) ? mail.to : [mail.to]
    assert.deepEqual(
      to.flatMap((each) => each?.value.map(({ address }) => address)),
      ['ada@example.org'],
    )
    assert.equal(mail.bcc, undefined)
    assert.equal(mail.subject, 'Reset your Shop password')
    assert.ok(mail.text?.includes('https://auth.example.com/account/reset-password#a&b'))
    assert.ok(String(mail.html).includes('&lt;b&gt;Ada&lt;/b&gt;'))
    assert.ok(!String(mail.html).includes('<b>'))
    assert.equal(mail.headers.get('auto-submitted'), 'auto-generated')
  })

  test('that the server refuses is sent again later, and later again', async (t) => {
    const { received, transport } = await startSmtp(t, 2)
    const { outbox, clock } = await setUp(t, transport)
    await outbox.post(notice, { to: 'ada@example.org', username: 'ada' })
    await outbox.work()
    await outbox.work()
    assert.equal(received.length, 0)
    clock.advance(15_000)
    await outbox.work()
    clock.advance(29_999)
    await outbox.work()
    assert.equal(received.length, 0)
    clock.advance(1)
    await outbox.work()
    assert.equal(received.length, 1)
    clock.advance(3_600_000)
    await outbox.work()
    assert.equal(received.length, 1)
  })

  test('is sent once, however many instances look for work', async (t) => {
    const { sent, transport } = collecting(() => new Promise((resolve) => setImmediate(resolve)))
    const { outbox, newOutbox } = await setUp(t, transport)
    const others = Array.from({ length: 5 }, newOutbox)
    for (let count = 0; count < 15; count++) {
      await outbox.post(notice, { to: `u${count}@example.org`, username: 'ada' })
    }
    await Promise.all(others.map((other) => other.work()))
    await outbox.work()
    assert.equal(new Set(sent.map(({ to }) => to)).size, 15)
    assert.equal(sent.length, 15)
  })

  test('survives whoever took it and died', async (t) => {
    const { sent, transport } = collecting()
    const { outbox, store, clock } = await setUp(t, transport)
    const facts = { to: 'ada@example.org', username: 'ada' }
    await outbox.post({ ...notice, kind: 'unknown here' }, facts)
    const [waiting] = await store.listDueMails(clock(), 1)
    assert.ok(waiting)
    const mail = { ...waiting, id: 'another', kind: 'notice' }
    await store.enqueueMail(mail)
    // Claimed as an instance does that is killed before it sends.
    await store.claimMail(mail, clock() + 180_000)
    await outbox.work()
    assert.equal(sent.length, 0)
    clock.advance(180_000)
    await outbox.work()
    assert.equal(sent.length, 1)
    // The kind that this version does not know waits for one that does.
    assert.equal((await store.listDueMails(clock(), 9)).length, 1)
  })

  test('that nobody wants any more is given up', async (t) => {
    const { sent, transport } = collecting(() => Promise.reject(new Error('away')))
    const { outbox, store, clock } = await setUp(t, transport)
    await outbox.post(notice, { to: 'ada@example.org', username: 'ada' })
    for (let count = 0; count < 300; count++) {
      await outbox.work()
      clock.advance(15_000)
    }
    assert.deepEqual(await store.listDueMails(clock() + 1e9, 9), [])
    assert.deepEqual(sent, [])
  })

  test('lies in the queue sealed', async (t) => {
    const { transport } = collecting(() => Promise.reject(new Error('away')))
    const { outbox, store, clock } = await setUp(t, transport)
    await outbox.post(notice, { to: 'ada@example.org', username: 'ada' })
    const [mail] = await store.listDueMails(clock() + 1e9, 1)
    assert.ok(mail && !Buffer.from(mail.payload, 'base64url').includes('ada'))
  })

  test('that is asked for does not wait for the mail server', async (t) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const { sent, transport } = collecting(() => promise)
    const { outbox } = await setUp(t, transport)
    await outbox.post(notice, { to: 'a@example.org', username: 'ada' })
    await outbox.post(notice, { to: 'b@example.org', username: 'ada' })
    assert.deepEqual(sent, [])
    resolve()
    await outbox.work()
    assert.equal(sent.length, 2)
  })
})
