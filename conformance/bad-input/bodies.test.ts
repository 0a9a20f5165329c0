// Every operation of the document that has a body gets every bad body. The same body without its one mistake is taken,
// so that it is the mistake which is refused.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Answer } from '../client/call.fixture.ts'
import { call } from '../client/call.fixture.ts'
import { assertProblem } from '../client/problem.fixture.ts'
import { openConnection, type RawConnection } from '../client/raw-connection.fixture.ts'
import type { Operation } from '../openapi/document.fixture.ts'
import { behindEachDoor, type Target } from '../targets/target.fixture.ts'
import {
  type BadBody,
  bodyLimitBytes,
  brokenText,
  duplicateMembers,
  excess,
  extraMembers,
  missingMembers,
  notJson,
  prototypeMembers,
  wrongEncodings,
  wrongShapes,
  wrongTypes,
  wrongValues,
} from './bad-bodies.ts'
import { jsonType, setStage, type Stage } from './stage.fixture.ts'

// What a mail, a passkey, a factor or a log-in that waits would have brought: the samples hold something made up.
const needsMail = new Set([
  'renameFactor',
  'confirmTotpEnrollment',
  'proveSecondFactor',
  'passkeySignIn',
  'passkeySecondFactor',
  'passkeySecondFactorOptions',
  'passkeyStepUp',
  'registerPasskey',
  'resetPassword',
  'verifyEmail',
  'confirmEmailChange',
  'undoEmailChange',
  'sendSecondFactorCode',
  'signInWithCode',
  'signInWithLink',
])

// Not of the API, or for administrators alone, who are not on this stage where no object is named.
const isForOthers = /^(?:accountPage|developmentMailbox|listUsers)/

const strayBodies: readonly (readonly [string | Uint8Array, 400 | 413 | 415, string])[] = [
  ['{"x":1}', 400, 'application/json'],
  ['{', 400, 'application/json'],
  ['[]', 400, 'application/json'],
  ['7', 400, 'application/json'],
  ['{"x":1,"x":2}', 400, 'application/json'],
  ['{"__proto__":{}}', 400, 'application/json'],
  [Buffer.from([0x22, 0xff, 0x22]), 400, 'application/json'],
  [JSON.stringify({ x: 'x'.repeat(20_000) }), 413, 'application/json'],
  ['{}', 415, 'text/plain'],
  ['x=1', 415, 'application/x-www-form-urlencoded'],
]

const codes = {
  400: 'invalid_request',
  413: 'payload_too_large',
  415: 'unsupported_media_type',
} as const

// At once: a client that crawls is cut off after half a minute, which the walk through the doors needs anyway.
describe('bad bodies', { concurrency: 2 }, () => {
  behindEachDoor({ doors: ['program'] }, outlastSlowClients)
  behindEachDoor({}, refuseBadBodies)
})

function refuseBadBodies(target: () => Target): void {
  let stage: Stage
  before(async () => {
    stage = await setStage(target())
  })

  /** Sends them all to every operation, and holds each answer and what is left behind against the contract. */
  const refuseAll = async (makeBodies: (sample: Sample, operation: Operation) => BadBody[]) => {
    const isHosted = target().door === 'express after json'
    const earlier = await stage.takeStock()
    let sent = 0
    for (const operation of stage.operations) {
      const sample = stage.sample(operation).json ?? {}
      const bodies = makeBodies(sample, operation).filter(
        ({ isOfBytes }) => !isHosted || !isOfBytes,
      )
      for (const { name, bytes, headers = jsonType, status } of bodies) {
        const answer = await stage.send(operation, bytes, headers)
        const what = `${operation.id}: ${name}: ${answer.text}`
        if (isHosted && isHostsOwn(answer)) {
          assert.ok(answer.status >= 400 && answer.status < 500, what)
        } else {
          assert.equal(answer.status, status, what)
          assertProblem(answer, status, codes[status])
        }
        sent++
      }
    }
    assert.ok(sent >= stage.operations.length)
    assert.equal(await stage.takeStock(), earlier, 'nothing has changed')
  }

  /** Sends them all to every operation: whatever the host makes of them, the answer is ours or a refusal of the host's. */
  const withstandAll = async (makeBodies: (sample: Sample) => BadBody[]) => {
    for (const operation of stage.operations) {
      // People of its own: what is taken here may end the session that it comes with.
      const own = await setStage(target())
      const bodies = makeBodies(own.sample(operation).json ?? {})
      assert.ok(bodies.length > 0)
      for (const { name, bytes, headers = jsonType } of bodies) {
        const answer = await own.send(operation, bytes, headers)
        const what = `${operation.id}: ${name}: ${answer.text}`
        assert.ok(answer.status < 500, what)
        if (answer.status >= 400 && !isHostsOwn(answer)) {
          assertProblem(answer, answer.status, String(answer.json['code']))
        }
      }
    }
  }

  test('the operations with a body are those that the document has, and each takes its sample', async () => {
    assert.ok(stage.operations.length >= 7)
    for (const operation of stage.operations) {
      // People of its own: some of these end the session that they come with.
      const { path, ...request } = (await setStage(target())).sample(operation)
      assert.ok(stage.document.allowsBody(operation, request.json))
      const answer = await call(target(), path, request)
      if (needsMail.has(operation.id))
        assert.match(answer.text, /invalid_(code|mfa_token|passkey|credentials)|not_found/)
      else assert.ok(answer.status < 300, `${operation.id}: ${answer.text}`)
    }
  })

  test('an operation that takes no body refuses every one that has something in it (v5.0.0-2.2.1)', async () => {
    const isHosted = target().door === 'express after json'
    const own = await setStage(target())
    const operations = own.document.operations.filter(
      ({ id, body, isForm }) => body === undefined && !isForm && !isForOthers.test(id),
    )
    assert.ok(operations.length >= 15)
    const earlier = await own.takeStock()
    for (const operation of operations) {
      for (const [bytes, status, type] of strayBodies) {
        const answer = await own.send(operation, bytes, { 'content-type': type })
        const what = `${operation.id}: ${String(bytes).slice(0, 20)}: ${answer.text}`
        if (isHosted && isHostsOwn(answer)) {
          assert.ok(answer.status >= 400 && answer.status < 500, what)
          continue
        }
        if (operation.isForServices) {
          assertProblem(answer, 401, 'invalid_service_credential')
        } else {
          assert.equal(answer.status, status, what)
          assertProblem(answer, status, codes[status])
        }
        if (operation.method !== 'GET') own.document.checkAnswer(operation, answer)
      }
    }
    assert.equal(await own.takeStock(), earlier, 'nothing has changed')
  })

  test('refuses every wrong type and every operator object in every member (v5.0.0-15.3.5, v5.0.0-1.2.4)', () =>
    refuseAll((sample, operation) =>
      wrongValues(sample, (body) => stage.document.allowsBody(operation, body)),
    ))

  test('refuses a body of another shape (v5.0.0-2.2.1)', () => refuseAll(wrongShapes))

  test('refuses a body that lacks a member (v5.0.0-2.2.1)', () =>
    refuseAll((sample, { body }) => [
      ...missingMembers(sample, body ?? {}),
      { name: 'the body is blank', bytes: ' ', status: 400 },
    ]))

  test('refuses every member that nobody asked for (v5.0.0-15.3.3)', () => refuseAll(extraMembers))

  test('refuses __proto__ and its like (v5.0.0-15.3.6)', () => refuseAll(prototypeMembers))

  test('refuses duplicate members, also when one is written with escapes (v5.0.0-1.5.3, v5.0.0-15.3.7)', () =>
    // Where the host has parsed the body, the last of two members won before we saw it.
    target().door === 'express after json'
      ? withstandAll(duplicateMembers)
      : refuseAll(duplicateMembers))

  test('refuses lone surrogates (RFC 8259 §8.2)', () => refuseAll(brokenText))

  test('refuses what is too deep, too long or too large (v5.0.0-2.2.1)', () => refuseAll(excess))

  test('refuses what is not JSON (v5.0.0-2.2.1)', () => refuseAll(notJson))

  test('refuses what is not plain UTF-8 (RFC 8259 §8.1)', () =>
    // Where the host has decoded the body, what it made of it is what we see.
    target().door === 'express after json'
      ? withstandAll(wrongEncodings)
      : refuseAll(wrongEncodings))

  test('refuses every other content type with 415 (v5.0.0-1.5.2)', () => refuseAll(wrongTypes))

  test('a NUL in any text is refused or means nothing, and never ends the text', async () => {
    const earlier = await stage.takeStock()
    for (const operation of stage.operations) {
      const sample = stage.sample(operation).json ?? {}
      for (const name of Object.keys(sample).filter((key) => typeof sample[key] === 'string')) {
        for (const text of ['\0', `${String(sample[name])}\0`, `${String(sample[name])}\0x`]) {
          const answer = await stage.send(operation, JSON.stringify({ ...sample, [name]: text }))
          // A log-out is told nothing of a token that is none.
          const expected = operation.id === 'logout' ? [204] : [400, 401]
          assert.ok(expected.includes(answer.status), `${operation.id} ${name}: ${answer.text}`)
        }
      }
    }
    assert.equal(await stage.takeStock(), earlier)
  })

  test('a body of exactly the limit is taken, chunked or not, and the charset may be named', async () => {
    const operation = stage.operations.find(({ id }) => id === 'changeProfile')
    assert.ok(operation)
    const padded = '{"email":null}'.padEnd(bodyLimitBytes)
    const types = [
      'application/json',
      'Application/JSON; Charset="UTF-8"',
      'application/json;charset=utf-8',
    ]
    for (const type of types) {
      for (const framing of [{}, { 'transfer-encoding': 'chunked' }]) {
        const answer = await stage.send(operation, padded, { 'content-type': type, ...framing })
        assert.equal(answer.status, 200, answer.text)
      }
    }
    // A host's parser has dropped the blanks, and its own limit counted them.
    if (target().door === 'express after json') return
    const chunked = { ...jsonType, 'transfer-encoding': 'chunked' }
    const refused = await stage.send(operation, `${padded} `, chunked)
    assertProblem(refused, 413, 'payload_too_large')
  })
}

type Sample = Readonly<Record<string, unknown>>

function isHostsOwn({ json }: Answer): boolean {
  return 'host' in json
}

function outlastSlowClients(target: () => Target): void {
  let slow: RawConnection[] = []
  before(async () => {
    // Opened first, so that the half minute passes while the other tests run.
    slow = await Promise.all(
      [
        'POST /api/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
        'GET /api/users HTTP/1.1\r\nHost: a\r\nX-Slow: ',
      ].map(async (start) => {
        const connection = await openConnection(target())
        connection.write(start)
        return connection
      }),
    )
  })
  after(() => {
    for (const { socket } of slow) socket.destroy()
  })

  test('a body that is cut off harms nobody: no account, no error in the log, and the server goes on', async () => {
    const body = JSON.stringify({ username: 'cut-off-name', password: 'a phrase of some length' })
    for (const length of [0, 1, 20, body.length - 1]) {
      const connection = await openConnection(target())
      connection.write(
        `POST /api/auth/register HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n` +
          `Content-Length: ${body.length}\r\n\r\n${body.slice(0, length)}`,
      )
      connection.socket.end()
      await connection.closed
      assert.doesNotMatch(connection.received(), /^HTTP\/1\.1 [25]/)
    }
    const json = { username: 'cut-off-name', password: 'a phrase of some length' }
    const answer = await call(target(), '/api/auth/register', { json })
    assert.equal(answer.status, 201)
    assert.doesNotMatch(target().log(), /"level":"error"/)
  })

  test('an endless body is refused while it still comes, and holds neither memory nor connection', async () => {
    for (const framing of ['Content-Length: 10000000000', 'Transfer-Encoding: chunked']) {
      const connection = await openConnection(target())
      connection.write(
        `POST /api/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n${framing}\r\n\r\n`,
      )
      const chunk = framing.startsWith('T')
        ? `4000\r\n${' '.repeat(0x4000)}\r\n`
        : ' '.repeat(0x4000)
      const feed = setInterval(() => connection.write(chunk), 1)
      const received = await connection.until(/too large/)
      assert.match(received, /^HTTP\/1\.1 413 /)
      // Whoever goes on sending is cut off.
      await connection.closed
      clearInterval(feed)
    }
    assert.equal((await call(target(), '/health/ready')).status, 200)
  })

  test('a request that crawls is cut off with 408, header or body', async () => {
    assert.equal(slow.length, 2)
    for (const connection of slow) {
      const received = await connection.until(/\r\n\r\n/)
      assert.match(received, /^HTTP\/1\.1 408 /)
      await connection.closed
    }
    assert.equal((await call(target(), '/health/ready')).status, 200)
  })
}
