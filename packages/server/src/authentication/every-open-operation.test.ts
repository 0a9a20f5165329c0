// Every operation that asks for no access token, brought to its last call by somebody who would succeed: with the account
// as it is, and with the account disabled before that call. An operation that is neither walked nor explained fails the
// list. Those that ask for an access token refuse a disabled account's by themselves (conformance/api/dead-principals).

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
import { createTestMailbox, type TestMailbox, tokenOf } from '../mail/mailbox.fixture.ts'
import { createAuthenticator } from '../passkeys/authenticator.fixture.ts'
import { createPasskeyCalls } from '../passkeys/passkey-people.fixture.ts'
import { openSqliteStore } from '../stores/sql/open-sqlite-store.ts'
import type { Store } from '../stores/store.ts'
import { codeOf } from '../totp/authenticator.fixture.ts'
import { beginToken, enroll } from '../totp/people.fixture.ts'

const newPassword = 'another horse battery staple'

interface Person {
  readonly username: string
  readonly email: string
  readonly userId: string
  readonly token: string
  readonly refreshToken: string
}

interface Stage {
  readonly server: TestServer
  readonly mailbox: TestMailbox
  readonly person: Person
  /** To this address, past the notices. */
  readonly takeLink: (page: string, to?: string) => Promise<string>
}

type LastCall = () => Promise<TestAnswer>
type Walk = (stage: Stage) => Promise<LastCall>

const byMail = async ({ server, mailbox, person: { email } }: Stage) => {
  const asked = await server.call('POST /api/auth/code', { body: { email } })
  const mail = await mailbox.take(email)
  const code = /^\d{6}$/m.exec(mail.text)?.[0] ?? assert.fail()
  return { challenge: asked.body['challenge'], code, token: tokenOf(mail) }
}

const addPasskey = async ({ server, person }: Stage) => {
  const key = createAuthenticator()
  const added = await createPasskeyCalls(server).register(person.token, key)
  assert.equal(added.status, 200, JSON.stringify(added.body))
  return key
}

const addEmailFactor = async ({ server, person: { token, username } }: Stage) => {
  const added = await server.call('POST /api/auth/mfa/factors/email', { token })
  assert.equal(added.status, 200, JSON.stringify(added.body))
  return beginToken(server, username)
}

/** @returns the address that it is to have, which is asked for and not confirmed */
const askForAnother = async ({ server, person: { username, token } }: Stage) => {
  const email = `${username}@example.com`
  const asked = await server.call('POST /api/auth/email', { token, body: { email } })
  assert.equal(asked.status, 202, JSON.stringify(asked.body))
  return email
}

const walks: Readonly<Record<string, Walk>> = {
  login:
    async ({ server, person: { username } }) =>
    () =>
      server.call('POST /api/auth/login', { body: { username, password: testPassword } }),
  refresh:
    async ({ server, person: { refreshToken } }) =>
    () =>
      server.refresh(refreshToken),
  signInWithCode: async (stage) => {
    const { challenge, code } = await byMail(stage)
    return () => stage.server.call('POST /api/auth/code/verify', { body: { challenge, code } })
  },
  signInWithLink: async (stage) => {
    const { token } = await byMail(stage)
    return () => stage.server.call('POST /api/auth/link/verify', { body: { token } })
  },
  passkeySignIn: async (stage) => {
    const key = await addPasskey(stage)
    const { send, signInOptions } = createPasskeyCalls(stage.server)
    const response = key.get(await signInOptions())
    return () => send(response)
  },
  proveSecondFactor: async ({ server, person: { token, username } }) => {
    const { secret } = await enroll(server, { token })
    server.clock.advance(30_000)
    const mfaToken = await beginToken(server, username)
    const body = { mfaToken, factor: 'totp', code: codeOf(secret, server.clock()) }
    return () => server.call('POST /api/auth/mfa', { body })
  },
  sendSecondFactorCode: async (stage) => {
    const mfaToken = await addEmailFactor(stage)
    return () => stage.server.call('POST /api/auth/mfa/email', { body: { mfaToken } })
  },
  passkeySecondFactorOptions: async (stage) => {
    await addPasskey(stage)
    const mfaToken = await beginToken(stage.server, stage.person.username)
    return () => stage.server.call('POST /api/auth/mfa/passkey/options', { body: { mfaToken } })
  },
  passkeySecondFactor: async (stage) => {
    const { call } = stage.server
    const key = await addPasskey(stage)
    const mfaToken = await beginToken(stage.server, stage.person.username)
    const asked = await call('POST /api/auth/mfa/passkey/options', { body: { mfaToken } })
    const body = { mfaToken, response: key.get(asked.body) }
    return () => call('POST /api/auth/mfa/passkey', { body })
  },
  resetPassword: async ({ server, takeLink, person: { email } }) => {
    await server.call('POST /api/auth/password/forgot', { body: { email } })
    const body = { token: await takeLink('reset-password'), newPassword }
    return () => server.call('POST /api/auth/password/reset', { body })
  },
  confirmEmailChange: async (stage) => {
    const body = { token: await stage.takeLink('change-email', await askForAnother(stage)) }
    return () => stage.server.call('POST /api/auth/email/confirm', { body })
  },
  undoEmailChange: async (stage) => {
    const { server, takeLink } = stage
    const change = { token: await takeLink('change-email', await askForAnother(stage)) }
    await server.call('POST /api/auth/email/confirm', { body: change })
    const body = { token: await takeLink('undo-email'), newPassword }
    return () => server.call('POST /api/auth/email/undo', { body })
  },
}

/** Of somebody whose address is not verified yet, with the link that came when the account was made. */
const unverified: Readonly<Record<string, (stage: Stage) => Promise<LastCall>>> = {
  verifyEmail: async ({ server, takeLink }) => {
    const body = { token: await takeLink('verify-email'), password: testPassword }
    return () => server.call('POST /api/auth/email/verify', { body })
  },
  'verifyEmail with a new password': async ({ server, takeLink }) => {
    const body = { token: await takeLink('verify-email'), newPassword }
    return () => server.call('POST /api/auth/email/verify', { body })
  },
}

/** Of somebody who has to have a second factor and has none. */
const enrolling: Readonly<
  Record<string, (server: TestServer, mfaToken: string) => Promise<LastCall>>
> = {
  beginTotpEnrollment: async (server, mfaToken) => () =>
    server.call('POST /api/auth/mfa/totp', { body: { mfaToken } }),
  confirmTotpEnrollment: async (server, mfaToken) => {
    const begun = await server.call('POST /api/auth/mfa/totp', { body: { mfaToken } })
    const code = codeOf(String(begun.body['secret']), server.clock())
    return () => server.call('POST /api/auth/mfa/totp/confirm', { body: { mfaToken, code } })
  },
  passkeyRegistrationOptions: async (server, mfaToken) => () =>
    server.call('POST /api/auth/passkeys/register/options', { body: { mfaToken } }),
  registerPasskey: async (server, mfaToken) => {
    const asked = await server.call('POST /api/auth/passkeys/register/options', {
      body: { mfaToken },
    })
    const response = createAuthenticator().create(asked.body)
    return () => server.call('POST /api/auth/passkeys/register', { body: { mfaToken, response } })
  },
}

/** Why it is not walked. */
const explained: Readonly<Record<string, string>> = {
  register: 'makes another account',
  logout: 'ends what it is given',
  forgotPassword: 'answers everybody alike; nothing is sent (forgotten-password.test.ts)',
  requestSignInCode: 'answers everybody alike; nothing is sent (sign-in-by-mail.test.ts)',
  passkeySignInOptions: 'names nobody',
  publicInformation: 'knows no account',
  csrf: 'gives what goes with a cookie, which refresh looks at',
}

const about = new Set(['Pages', 'Discovery', 'Health', 'Documentation', 'Development'])

interface Document {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<Record<string, { operationId: string; tags: string[]; security?: object[] }>>
    >
  >
}

describe('an operation that asks for no access token', () => {
  const lifetime = createLifetime()
  const mailbox = createTestMailbox()
  let server: TestServer
  let strict: TestServer
  let store: Store
  let directory: string
  let count = 0

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'countersign-open-'))
    const file = join(directory, 'x.db')
    const limits = {
      rateLimitMail: '1000/1h',
      rateLimitAnonymous: '1000/1h',
      rateLimitRegister: '1000/1h',
    }
    const options = { ...limits, databaseUrl: `sqlite:${file}`, sendMail: mailbox.sendMail }
    server = await startTestServer(lifetime, options)
    strict = await startTestServer(lifetime, { ...limits, secondFactor: 'required' })
    store = await openSqliteStore({ file, clock: server.clock })
  })
  after(async () => {
    await lifetime.end()
    await store.close()
    rmSync(directory, { recursive: true })
  })

  const newStage = async (isVerified: boolean): Promise<Stage> => {
    const username = `person${count++}`
    const email = `${username}@example.org`
    const takeLink = async (page: string, to = email): Promise<string> => {
      for (;;) {
        const { text } = await mailbox.take(to)
        const token = new RegExp(`/account/${page}#(\\S+)$`, 'm').exec(text)?.[1]
        if (token !== undefined) return token
      }
    }
    const body = { username, password: testPassword, email }
    await server.call('POST /api/auth/register', { body })
    if (isVerified) {
      const proof = { token: await takeLink('verify-email'), password: testPassword }
      assert.equal((await server.call('POST /api/auth/email/verify', { body: proof })).status, 204)
    }
    const { userId, accessToken: token, refreshToken } = await server.signIn(username)
    const person = { username, email, userId, token, refreshToken }
    return { server, mailbox, person, takeLink }
  }

  test('is walked, or why it need not be is said', () => {
    const { paths } = server.auth.openapi() as unknown as Document
    const open = Object.values(paths)
      .flatMap((methods) => Object.values(methods))
      .filter(({ tags }) => !tags.some((tag) => about.has(tag)))
      .filter(
        ({ security = [] }) => security.every((one) => !isProof(one)) || security.some(isNone),
      )
      .map(({ operationId }) => operationId)
    const known = [walks, unverified, enrolling, explained]
      .flatMap((table) => Object.keys(table))
      .map((name) => name.split(' ', 1)[0] ?? '')
    assert.deepEqual(
      open.filter((id) => !known.includes(id)),
      [],
    )
    assert.deepEqual(
      known.filter((id) => !open.includes(id)),
      [],
    )
  })

  for (const [name, walk] of Object.entries({ ...walks, ...unverified })) {
    const isVerified = name in walks
    test(`${name} does what it is for, and nothing for an account that was disabled`, async () => {
      const good = await (await walk(await newStage(isVerified)))()
      assert.ok(good.status < 300, JSON.stringify(good.body))
      const stage = await newStage(isVerified)
      const last = await walk(stage)
      const { userId } = stage.person
      await server.auth.accounts.setDisabled(userId, true)
      const earlier = [await store.findAccount(userId), await store.listFactors(userId)]
      assertNothing(await last())
      assert.deepEqual([await store.findAccount(userId), await store.listFactors(userId)], earlier)
    })
  }

  for (const [name, walk] of Object.entries(enrolling)) {
    test(`${name} of a log-in that waits adds nothing to an account that was disabled`, async () => {
      const prepare = async () => {
        const username = `person${count++}`
        const userId = await strict.open(username)
        return { userId, last: await walk(strict, await beginToken(strict, username)) }
      }
      const good = await (await prepare()).last()
      assert.ok(good.status < 300, JSON.stringify(good.body))
      const { userId, last } = await prepare()
      await strict.auth.accounts.setDisabled(userId, true)
      assertNothing(await last())
    })
  }

  test('is all that a log-in that waits for its second factor opens: its token is no credential', async () => {
    const stage = await newStage(true)
    await enroll(server, { token: stage.person.token })
    const mfaToken = await beginToken(server, stage.person.username)
    const { paths } = server.auth.openapi() as unknown as Document
    let walked = 0
    for (const [path, methods] of Object.entries(paths)) {
      for (const [method, { operationId, security = [] }] of Object.entries(methods)) {
        if (!security.some(isProof) || operationId === 'csrf') continue
        const route = `${method.toUpperCase()} ${path.replace(/\{\w+\}/g, 'x')}`
        const answer = await server.call(route, { token: mfaToken, cookie: mfaToken })
        assert.ok([400, 401].includes(answer.status), `${operationId}: ${answer.status}`)
        assertNothing(answer)
        walked++
      }
    }
    assert.ok(walked > 25, `${walked}`)
  })
})

function isProof(requirement: object): boolean {
  return 'bearer' in requirement || 'service' in requirement
}

function isNone(requirement: object): boolean {
  return Object.keys(requirement).length === 0
}

function assertNothing({ status, body, headers }: TestAnswer): void {
  assert.ok(status === 400 || status === 401, `${status} ${JSON.stringify(body)}`)
  for (const cookie of headers.getSetCookie()) {
    // One that is taken away.
    assert.match(cookie, /^refreshToken=;/)
  }
  for (const member of ['token', 'accessToken', 'refreshToken', 'csrfToken', 'user', 'mfaToken']) {
    assert.equal(member in body, false, member)
  }
}
