// Every way of logging in, walked for an account with a second factor and for one that is disabled. An operation that
// could answer with a session and is not walked fails the list.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import {
  createLifetime,
  startTestServer,
  type TestAnswer,
  testPassword,
  type TestServer,
} from '../countersign.fixture.ts'
import { createAuthenticator } from '../passkeys/authenticator.fixture.ts'
import { createPasskeyCalls } from '../passkeys/passkey-people.fixture.ts'
import { createTestMailbox, type TestMailbox, tokenOf } from '../mail/mailbox.fixture.ts'
import { codeOf } from '../totp/authenticator.fixture.ts'
import { openSqliteStore } from '../stores/sql/open-sqlite-store.ts'
import type { Store } from '../stores/store.ts'

const newPassword = 'another horse battery staple'

interface Person {
  readonly username: string
  readonly email: string
  readonly userId: string
  readonly accessToken: string
}

interface Stage {
  readonly server: TestServer
  readonly mailbox: TestMailbox
}

/** Each yields the answer that would hold the session. */
type Path = (stage: Stage, person: Person) => Promise<TestAnswer>

const byMail = async ({ server, mailbox }: Stage, { email }: Person) => {
  const asked = await server.call('POST /api/auth/code', { body: { email } })
  const mail = await mailbox.take(email)
  const code = /^\d{6}$/m.exec(mail.text)?.[0] ?? ''
  return { challenge: asked.body['challenge'], code, token: tokenOf(mail) }
}

const paths: Readonly<Record<string, Path>> = {
  login: ({ server }, { username }) =>
    server.call('POST /api/auth/login', { body: { username, password: testPassword } }),
  'login by address': ({ server }, { email }) =>
    server.call('POST /api/auth/login', { body: { username: email, password: testPassword } }),
  signInWithCode: async (stage, person) => {
    const { challenge, code } = await byMail(stage, person)
    return stage.server.call('POST /api/auth/code/verify', { body: { challenge, code } })
  },
  signInWithLink: async (stage, person) => {
    const { token } = await byMail(stage, person)
    return stage.server.call('POST /api/auth/link/verify', { body: { token } })
  },
  stepUp: ({ server }, { accessToken: token }) =>
    server.call('POST /api/auth/step-up', { token, body: { password: testPassword } }),
  // With the mfaToken of a log-in that only knows the password: it must not bring a factor of its own.
  confirmTotpEnrollment: async ({ server }, { username, accessToken: token }) => {
    const begun = await server.call('POST /api/auth/mfa/totp', { token })
    const code = codeOf(String(begun.body['secret']), server.clock())
    const body = { username, password: testPassword }
    const { mfaToken = 'x' } = (await server.call('POST /api/auth/login', { body })).body
    return server.call('POST /api/auth/mfa/totp/confirm', { body: { mfaToken, code } })
  },
  resetPassword: async ({ server, mailbox }, { email }) => {
    await server.call('POST /api/auth/password/forgot', { body: { email } })
    const token = await mailbox.takeToken(email)
    return server.call('POST /api/auth/password/reset', { body: { token, newPassword } })
  },
  undoEmailChange: async ({ server, mailbox }, { email, username, accessToken: token }) => {
    const another = `${username}@example.com`
    await server.call('POST /api/auth/email', { token, body: { email: another } })
    const change = { token: await mailbox.takeToken(another) }
    assert.equal((await server.call('POST /api/auth/email/confirm', { body: change })).status, 204)
    const body = { token: await mailbox.takeToken(email), newPassword }
    return server.call('POST /api/auth/email/undo', { body })
  },
}

const begin = async (
  { server }: Stage,
  { username }: Pick<Person, 'username'>,
): Promise<string> => {
  const body = { username, password: testPassword }
  const { mfaToken } = (await server.call('POST /api/auth/login', { body })).body
  assert.equal(typeof mfaToken, 'string')
  return String(mfaToken)
}

/** What a log-in that waits is answered with, other than its factor. */
const instead: Readonly<Record<string, Path>> = {
  'proveSecondFactor with the password once more': async (stage, person) => {
    const body = { mfaToken: await begin(stage, person), factor: 'password', code: testPassword }
    return stage.server.call('POST /api/auth/mfa', { body })
  },
  'proveSecondFactor with a code of the mailbox, which is no factor of it': async (
    stage,
    person,
  ) => {
    const { code } = await byMail(stage, person)
    const body = { mfaToken: await begin(stage, person), factor: 'email', code }
    return stage.server.call('POST /api/auth/mfa', { body })
  },
  'proveSecondFactor with six digits': async (stage, person) => {
    const body = { mfaToken: await begin(stage, person), factor: 'totp', code: '123456' }
    return stage.server.call('POST /api/auth/mfa', { body })
  },
  'passkeySecondFactor with the passkey of another': async (stage, person) => {
    const { server } = stage
    const key = createAuthenticator()
    const other = await createPasskeyCalls(server).person(`${person.username}-other`, key)
    const waiting = await begin(stage, other)
    const asked = await server.call('POST /api/auth/mfa/passkey/options', {
      body: { mfaToken: waiting },
    })
    const body = { mfaToken: await begin(stage, person), response: key.get(asked.body) }
    return server.call('POST /api/auth/mfa/passkey', { body })
  },
  'sendSecondFactorCode for a mailbox that is no factor of it': async (stage, person) => {
    const body = { mfaToken: await begin(stage, person) }
    return stage.server.call('POST /api/auth/mfa/email', { body })
  },
  'registerPasskey with its token': async (stage, person) => {
    const { server } = stage
    const { accessToken: token } = person
    const asked = await server.call('POST /api/auth/passkeys/register/options', { token })
    const response = createAuthenticator().create(asked.body)
    const body = { mfaToken: await begin(stage, person), response }
    return server.call('POST /api/auth/passkeys/register', { body })
  },
  'refresh with its token': async (stage, person) =>
    stage.server.refresh(await begin(stage, person)),
}

// They go on with a session that lives, and give none to anybody else.
const continuing = ['changePassword', 'addEmailFactor', 'makeRecoveryCodes', 'removeFactor']

/** With a passkey that proves its possession alone: two factors in one it is only when it verified its user. */
const withOneHalf: Readonly<Record<string, Path>> = {
  passkeySignIn: async ({ server }, person) => {
    const { key } = await addPasskey(server, person)
    const { body } = await server.call('POST /api/auth/passkeys/login/options')
    const response = key.get(body, { userVerified: false })
    return server.call('POST /api/auth/passkeys/login', { body: { response } })
  },
  passkeyStepUp: async ({ server }, person) => {
    const { key, token } = await addPasskey(server, person)
    const { body } = await server.call('POST /api/auth/step-up/passkey/options', { token })
    const response = key.get(body, { userVerified: false })
    return server.call('POST /api/auth/step-up/passkey', { token, body: { response } })
  },
}

async function addPasskey(server: TestServer, { accessToken }: Person) {
  const key = createAuthenticator()
  const added = await createPasskeyCalls(server).register(accessToken, key)
  assert.equal(added.status, 200, JSON.stringify(added.body))
  return { key, token: String(added.body['accessToken']) }
}

describe('an account that one proof does not open', () => {
  const lifetime = createLifetime()
  const mailbox = createTestMailbox()
  let server: TestServer
  let store: Store
  let directory: string
  let count = 0

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'countersign-paths-'))
    const file = join(directory, 'x.db')
    const limits = {
      rateLimitMail: '1000/1h',
      rateLimitAnonymous: '1000/1h',
      rateLimitRegister: '1000/1h',
    }
    const options = { ...limits, databaseUrl: `sqlite:${file}`, sendMail: mailbox.sendMail }
    server = await startTestServer(lifetime, options)
    store = await openSqliteStore({ file, clock: server.clock })
  })
  after(async () => {
    await lifetime.end()
    await store.close()
    rmSync(directory, { recursive: true })
  })

  const newPerson = async (): Promise<Person> => {
    const username = `person${count++}`
    const email = `${username}@example.org`
    const body = { username, password: testPassword, email }
    await server.call('POST /api/auth/register', { body })
    const proof = { token: await mailbox.takeToken(email), password: testPassword }
    assert.equal((await server.call('POST /api/auth/email/verify', { body: proof })).status, 204)
    const { userId, accessToken } = await server.signIn(username)
    return { username, email, userId, accessToken }
  }
  const addFactor = (userId: string) =>
    store.insertFactor({
      id: `factor-${userId}`,
      userId,
      kind: 'totp',
      name: 'Phone',
      epoch: 0,
      externalId: null,
      secret: 'sealed',
      counter: 0,
      createdAt: server.clock(),
      lastUsedAt: null,
    })

  test('is walked over every operation that could answer with a session', () => {
    const document = server.auth.openapi() as {
      paths: Record<
        string,
        Record<string, { operationId: string; responses: object; security: object[] }>
      >
      components: { schemas: Record<string, object> }
    }
    const withToken = Object.entries(document.components.schemas)
      .filter(([, schema]) => JSON.stringify(schema).includes('"accessToken":'))
      .map(([name]) => `/${name}"`)
    assert.ok(withToken.length >= 4, withToken.join(' '))
    const giving = Object.values(document.paths)
      .flatMap((methods) => Object.values(methods))
      .filter(({ responses }) => {
        const text = JSON.stringify(responses)
        return [...withToken, '"accessToken":'].some((sign) => text.includes(sign))
      })
      .map(({ operationId }) => operationId)
    const walked = [paths, instead, withOneHalf].flatMap((table) => Object.keys(table))
    const known = new Set([...walked.map((name) => name.split(' ', 1)[0]), ...continuing])
    assert.deepEqual(
      giving.filter((operation) => !known.has(operation)),
      [],
    )
    for (const method of Object.values(document.paths).flatMap((each) => Object.values(each))) {
      if (!continuing.includes(method.operationId)) continue
      assert.ok('bearer' in (method.security[0] ?? {}), method.operationId)
      assert.equal(method.security.length, 1, method.operationId)
    }
  })

  for (const [name, walk] of Object.entries(withOneHalf)) {
    test(`gets no session by ${name} that proves one factor alone`, async () => {
      const answer = await walk({ server, mailbox }, await newPerson())
      assert.ok(answer.status === 401 || answer.status === 400, JSON.stringify(answer.body))
      assertNoSession(answer)
    })
  }

  for (const [name, walk] of Object.entries(paths)) {
    test(`gets no session by ${name} without its second factor`, async () => {
      const person = await newPerson()
      await addFactor(person.userId)
      const answer = await walk({ server, mailbox }, person)
      assert.equal(answer.status, 401, JSON.stringify(answer.body))
      if (name === 'confirmTotpEnrollment') {
        assert.equal(answer.body['code'], 'invalid_mfa_token')
      } else {
        assert.equal(answer.body['code'], 'mfa_required')
        assert.deepEqual(answer.body['factors'], ['totp'])
      }
      assertNoSession(answer)
      // And what it may have been good for is not: the password is what it was.
      const body = { username: person.username, password: newPassword }
      const other = await server.call('POST /api/auth/login', { body })
      assert.equal(other.body['code'], 'invalid_credentials')
    })
  }

  for (const [name, walk] of Object.entries(instead)) {
    test(`gets no session by ${name}`, async () => {
      const person = await newPerson()
      await addFactor(person.userId)
      const answer = await walk({ server, mailbox }, person)
      assert.ok(answer.status === 401 || answer.status === 400, JSON.stringify(answer.body))
      assertNoSession(answer)
    })
  }

  for (const [name, walk] of Object.entries({ ...paths, ...withOneHalf })) {
    test(`gets no session by ${name} when it is disabled on the way`, async () => {
      const person = await newPerson()
      const call = server.call
      // Disabled after the mail has gone out, before what it brought is used.
      const disabling: TestServer = {
        ...server,
        call: async (route, wish) => {
          const isLast = /(?:login|verify|step-up|totp\/confirm|reset|undo|passkey)$/.test(route)
          if (isLast) await server.auth.accounts.setDisabled(person.userId, true)
          return call(route, wish)
        },
      }
      const answer = await walk({ server: disabling, mailbox }, person)
      assert.ok(answer.status === 401 || answer.status === 400, JSON.stringify(answer.body))
      assertNoSession(answer)
    })
  }
})

function assertNoSession({ body, headers }: TestAnswer): void {
  assert.equal(headers.get('set-cookie'), null)
  for (const member of ['token', 'accessToken', 'refreshToken', 'csrfToken', 'user']) {
    assert.equal(member in body, false, member)
  }
}
