import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, test, type TestContext } from 'node:test'
import type { CountersignOptions } from '../config/options.ts'
import { readSignedIn, startTestServer } from '../countersign.fixture.ts'
import { openSqliteStore } from '../stores/sql/open-sqlite-store.ts'
import { createAuthenticator, type Twist } from './authenticator.fixture.ts'
import { createPasskeyCalls } from './passkey-people.fixture.ts'

const minute = 60_000

async function setUp(t: TestContext, options: CountersignOptions = {}) {
  const server = await startTestServer(t, { rateLimitAnonymous: '1000/1m', ...options })
  return { ...server, logIn: server.signIn, ...createPasskeyCalls(server) }
}

/** Two instances on one database, and the database itself. */
async function setUpTwo(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-passkeys-'))
  const file = join(directory, 'x.db')
  const first = await setUp(t, { databaseUrl: `sqlite:${file}` })
  const second = await setUp(t, { databaseUrl: `sqlite:${file}` })
  const store = await openSqliteStore({ file, clock: first.clock })
  t.after(async () => {
    await store.close()
    rmSync(directory, { recursive: true })
  })
  return { first, second, store, file }
}

describe('a log-in with a passkey', () => {
  test('needs nothing else, and says in the token how strong it was', async (t) => {
    const { person, signIn, takeEvents } = await setUp(t)
    const key = createAuthenticator()
    const { userId } = await person('ada', key)
    takeEvents()
    const answer = await signIn(key)
    assert.equal(answer.status, 200)
    const signedIn = readSignedIn(answer)
    const claims = JSON.parse(
      Buffer.from(signedIn.accessToken.split('.')[1] ?? '', 'base64url').toString(),
    ) as Record<string, unknown>
    assert.equal(signedIn.userId, userId)
    assert.deepEqual([claims['acr'], claims['amr']], ['phr', ['pop', 'user', 'mfa']])
    const [event] = takeEvents()
    assert.deepEqual([event?.type, event?.detail], ['sign_in.succeeded', { factor: 'passkey' }])
  })

  test('begins with a question that names no account and stores nothing', async (t) => {
    const { first, file } = await setUpTwo(t)
    await first.person('ada', createAuthenticator())
    const database = new DatabaseSync(file, { readOnly: true })
    t.after(() => database.close())
    // It changes with every commit of another connection.
    const version = () => database.prepare('PRAGMA data_version').get()?.['data_version']
    const before = version()
    const options = await first.signInOptions()
    assert.deepEqual(options['allowCredentials'], [])
    assert.equal(options['userVerification'], 'required')
    assert.deepEqual(Object.keys(options).sort(), [
      'allowCredentials',
      'challenge',
      'rpId',
      'timeout',
      'userVerification',
    ])
    assert.equal(version(), before)
  })

  const twists: readonly (readonly [name: string, reason: string, twist: Twist])[] = [
    ['by a page of another origin', 'foreign_origin', { origin: 'https://evil.example' }],
    ['by a page on another port', 'foreign_origin', { origin: 'http://localhost:3001' }],
    ['by a page of no origin', 'foreign_origin', { origin: 'null' }],
    ['in a frame of another origin', 'foreign_origin', { crossOrigin: true }],
    ['below a page of another origin', 'foreign_origin', { topOrigin: 'https://evil.example' }],
    ['for another relying party', 'not_verified', { rpId: 'evil.example' }],
    ['with a challenge that is made up', 'wrong_challenge', { challenge: 'A'.repeat(43) }],
    ['as the answer to a registration', 'malformed', { type: 'webauthn.create' }],
    ['without a user', 'not_verified', { userPresent: false }],
    ['without having made sure of the user', 'not_verified', { userVerified: false }],
    ['with a signature that was altered', 'not_verified', { altersSignature: true }],
    ['without the account that it is of', 'foreign_passkey', { userHandle: null }],
    [
      'for another account',
      'foreign_passkey',
      { userHandle: 'MDZzZGxoZGswMXRhdHVobjlxc2FwOWRuYXM' },
    ],
    ['under a name that nobody has', 'unknown_passkey', { id: 'AAAAAAAAAAAAAAAAAAAAAA' }],
  ]
  for (const [name, reason, twist] of twists) {
    test(`is refused ${name}`, async (t) => {
      const { person, signIn, takeEvents } = await setUp(t)
      const key = createAuthenticator()
      await person('ada', key)
      takeEvents()
      const answer = await signIn(key, twist)
      assertRefused(answer)
      const [event] = takeEvents()
      assert.deepEqual(
        [event?.type, event?.detail],
        ['sign_in.failed', { reason, factor: 'passkey' }],
      )
      assert.equal((await signIn(key)).status, 200)
    })
  }

  test('is refused in another spelling of the same bytes', async (t) => {
    const { person, send, signInOptions } = await setUp(t)
    const key = createAuthenticator()
    await person('ada', key)
    const spellings = async (spell: (text: string) => string) => {
      const good = key.get(await signInOptions())
      const { clientDataJSON, ...rest } = good['response'] as { clientDataJSON: string }
      return send({ ...good, response: { ...rest, clientDataJSON: spell(clientDataJSON) } })
    }
    assertRefused(await spellings(respell))
    assert.equal((await spellings((text) => text)).status, 200)
  })

  test('is refused with the signature of another’s passkey', async (t) => {
    const { person, signIn } = await setUp(t)
    const [ada, eve] = [createAuthenticator(), createAuthenticator()]
    const { userId } = await person('ada', ada)
    await person('eve', eve)
    const victim = ada.credentials[0]?.id ?? ''
    const userHandle = Buffer.from(userId).toString('base64url')
    assertRefused(await signIn(eve, { id: victim, userHandle }))
  })

  test('is refused with a challenge of another purpose, and once five minutes are over', async (t) => {
    const { person, send, call, creationOptions, signInOptions, clock } = await setUp(t)
    const key = createAuthenticator()
    const { accessToken: token } = await person('ada', key)
    const stepUp = await call('POST /api/auth/step-up/passkey/options', { token })
    const body = { username: 'ada', password: 'correct horse battery staple' }
    const waiting = await call('POST /api/auth/login', { body })
    const secondFactor = await call('POST /api/auth/mfa/passkey/options', {
      body: { mfaToken: waiting.body['mfaToken'] },
    })
    for (const options of [await creationOptions(token), stepUp.body, secondFactor.body]) {
      assert.equal(typeof options['challenge'], 'string')
      const { challenge } = options
      assertRefused(await send(key.get({ challenge, allowCredentials: [] })))
    }
    const late = await signInOptions()
    clock.advance(5 * minute)
    assertRefused(await send(key.get(late)))
  })

  test('is good once, whoever brings the answer where and however many at once', async (t) => {
    const { first, second } = await setUpTwo(t)
    const key = createAuthenticator({ counts: false })
    await first.person('ada', key)
    const response = key.get(await first.signInOptions())
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, turn) => (turn % 2 ? first : second).send(response)),
    )
    assert.equal(answers.filter(({ status }) => status === 200).length, 1)
    assert.equal(answers.filter(({ status }) => status === 401).length, 7)
    assertRefused(await second.send(response))
  })

  test('with one challenge answered twice is one log-in', async (t) => {
    const { person, send, signInOptions } = await setUp(t)
    const key = createAuthenticator()
    await person('ada', key)
    const options = await signInOptions()
    const answers = [key.get(options), key.get(options)]
    assert.equal((await send(answers[0])).status, 200)
    assertRefused(await send(answers[1]))
  })

  test('with a challenge that was answered wrongly cannot be tried again', async (t) => {
    const { person, send, signInOptions } = await setUp(t)
    const key = createAuthenticator()
    await person('ada', key)
    const options = await signInOptions()
    assertRefused(await send(key.get(options, { altersSignature: true })))
    assertRefused(await send(key.get(options)))
  })
})

describe('the counter of a passkey', () => {
  test('that does not grow tells of a copy: refused, and recorded', async (t) => {
    const { person, signIn, takeEvents } = await setUp(t)
    const key = createAuthenticator()
    const { userId } = await person('ada', key)
    assert.equal((await signIn(key, { counter: 7 })).status, 200)
    for (const counter of [7, 6, 0]) {
      takeEvents()
      assertRefused(await signIn(key, { counter }))
      const [clone, failed] = takeEvents()
      assert.deepEqual([clone?.type, clone?.subjectId], ['factor.cloned', userId])
      assert.equal(clone?.detail['factor'], 'passkey')
      assert.equal(failed?.detail['reason'], 'cloned')
    }
    assert.equal((await signIn(key, { counter: 8 })).status, 200)
  })

  test('of an answer whose signature is wrong changes nothing', async (t) => {
    const { person, signIn, takeEvents } = await setUp(t)
    const key = createAuthenticator()
    await person('ada', key)
    takeEvents()
    assertRefused(await signIn(key, { counter: 4_000_000_000, altersSignature: true }))
    assertRefused(await signIn(key, { counter: 0, altersSignature: true }))
    assert.deepEqual(
      takeEvents().map(({ type }) => type),
      ['sign_in.failed', 'sign_in.failed'],
    )
    assert.equal((await signIn(key)).status, 200)
  })

  test('that stays 0 counts nothing, as on phones', async (t) => {
    const { person, signIn } = await setUp(t)
    const key = createAuthenticator({ counts: false })
    await person('ada', key)
    for (let turn = 0; turn < 3; turn++) assert.equal((await signIn(key)).status, 200)
  })

  test('is good once, however many copies use it at once on two instances', async (t) => {
    const { first, second } = await setUpTwo(t)
    const key = createAuthenticator()
    await first.person('ada', key)
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, turn) =>
        (turn % 2 ? first : second).signIn(key, { counter: 9 }),
      ),
    )
    assert.equal(answers.filter(({ status }) => status === 200).length, 1)
  })
})

describe('a passkey logs nobody in', () => {
  const ends: Readonly<
    Record<
      string,
      (stage: Awaited<ReturnType<typeof setUpTwo>>, userId: string) => Promise<unknown>
    >
  > = {
    'whose account is disabled': ({ first }, id) => first.auth.accounts.setDisabled(id, true),
    'whose account is deleted': ({ first }, id) => first.auth.accounts.delete(id),
    'that was removed': async ({ store }, id) => {
      const [factor] = await store.listFactors(id)
      await store.deleteFactor(id, factor?.id ?? '')
    },
    'of an account that its owner took back since': async ({ store, first }, id) => {
      const account = await store.findAccount(id)
      const recovery = {
        seenEpoch: account?.sessionEpoch ?? 0,
        passwordHash: 'x',
        dropsFactors: true,
      }
      await store.recoverAccount(id, recovery, first.clock())
    },
  }
  for (const [name, end] of Object.entries(ends)) {
    test(name, async (t) => {
      const stage = await setUpTwo(t)
      const key = createAuthenticator()
      const { userId } = await stage.first.person('ada', key)
      assert.equal((await stage.first.signIn(key)).status, 200)
      // The question was asked before.
      const options = await stage.first.signInOptions()
      await end(stage, userId)
      assertRefused(await stage.first.send(key.get(options)))
      assertRefused(await stage.first.signIn(key))
    })
  }
})

test('a factor of another kind is no passkey, whatever it is called outside', async (t) => {
  const { first, store } = await setUpTwo(t)
  const key = createAuthenticator()
  const { userId } = await first.person('ada', key)
  const [passkey] = await store.listFactors(userId)
  assert.ok(passkey)
  await store.insertFactor({
    ...passkey,
    id: 'another',
    kind: 'totp',
    externalId: 'BBBB',
    secret: 'sealed',
  })
  assertRefused(await first.signIn(key, { id: 'BBBB' }))
})

describe('attempts with a passkey', () => {
  test('are counted per passkey and address, and refused when the limit is reached', async (t) => {
    const { person, signIn } = await setUp(t, { rateLimitLogin: '3/15m' })
    const [ada, bob] = [createAuthenticator(), createAuthenticator()]
    await person('ada', ada)
    await person('bob', bob)
    for (let turn = 0; turn < 3; turn++) {
      assertRefused(await signIn(ada, { altersSignature: true }))
    }
    assert.equal((await signIn(ada)).status, 429)
    assert.equal((await signIn(bob)).status, 200)
  })

  test('that succeed count nothing', async (t) => {
    const { person, signIn } = await setUp(t, { rateLimitLogin: '3/15m' })
    const key = createAuthenticator()
    await person('ada', key)
    for (let turn = 0; turn < 6; turn++) assert.equal((await signIn(key)).status, 200)
  })
})

describe('whatever is sent in place of an answer', () => {
  test('is refused, and never a failure of the server', async (t) => {
    const { person, send, signInOptions } = await setUp(t, { rateLimitLogin: '10000/15m' })
    const key = createAuthenticator()
    await person('ada', key)
    for (const value of [undefined, null, 1, 'x', [], {}, { id: 'x' }]) {
      assert.equal((await send(value)).status, 400, JSON.stringify(value))
    }
    for (const member of ['clientDataJSON', 'authenticatorData', 'signature', 'userHandle']) {
      for (const value of hostileTexts) {
        const good = key.get(await signInOptions())
        const response = { ...(good['response'] as object), [member]: value }
        const answer = await send({ ...good, response })
        const isNoHandle = member === 'userHandle' && value === null
        const expected = isNoHandle ? [401] : [400, 401, 413]
        assert.ok(expected.includes(answer.status), `${member} ${answer.status}`)
      }
    }
    for (const data of [
      'null',
      '[]',
      '"x"',
      '{',
      '{"challenge":{}}',
      '{"origin":["x"]}',
      '\ufeff',
    ]) {
      const good = key.get(await signInOptions())
      const clientDataJSON = Buffer.from(data).toString('base64url')
      const answer = await send({
        ...good,
        response: { ...(good['response'] as object), clientDataJSON },
      })
      assert.equal(answer.status, data === '' ? 400 : 401, data)
    }
  })

  test('is refused at the registration, too', async (t) => {
    const { person, call, creationOptions } = await setUp(t)
    const key = createAuthenticator()
    const { accessToken: token } = await person('ada', key)
    for (const attestationObject of [
      ...hostileTexts,
      // Arrays in arrays, a map of two thousand million members, a text that never ends, authenticator data that is none.
      Buffer.alloc(5000, 0x81).toString('base64url'),
      Buffer.from('bb7fffffffffffffff', 'hex').toString('base64url'),
      Buffer.from('7f', 'hex').toString('base64url'),
      Buffer.from('a168617574684461746101', 'hex').toString('base64url'),
      Buffer.from('a16861757468446174614101', 'hex').toString('base64url'),
      Buffer.concat([
        Buffer.from('a168617574684461746158ff', 'hex'),
        Buffer.alloc(255, 0xff),
      ]).toString('base64url'),
    ]) {
      const good = createAuthenticator().create(await creationOptions(token))
      const response = { ...good, response: { ...(good['response'] as object), attestationObject } }
      const answer = await call('POST /api/auth/passkeys/register', { token, body: { response } })
      assert.ok([400, 413].includes(answer.status), `${String(attestationObject)} ${answer.status}`)
    }
  })

  const hostileTexts: readonly unknown[] = [
    null,
    0,
    '',
    'not base64url!',
    '====',
    'A',
    'AAAA',
    [],
    {},
    ['AAAA'],
    'A'.repeat(9_000),
    'A'.repeat(20_000),
    Buffer.from('{"a":1}').toString('base64url'),
  ]
})

function assertRefused({
  status,
  body,
  headers,
}: Awaited<ReturnType<ReturnType<typeof createPasskeyCalls>['send']>>): void {
  assert.equal(status, 401, JSON.stringify(body))
  const { code, message } = body
  assert.deepEqual([code, message], ['invalid_credentials', 'Invalid credentials'])
  assert.equal(headers.get('set-cookie'), null)
}

/** The letter that differs in its last bit, which says nothing at the end of most texts. */
function neighbourOf(letter = ''): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return letters[letters.indexOf(letter) ^ 1] ?? ''
}

/** Other letters for the same bytes. */
function respell(text: string): string {
  const same = text.length % 4 === 0 ? `${text}A` : text.slice(0, -1) + neighbourOf(text.at(-1))
  assert.deepEqual(Buffer.from(same, 'base64url'), Buffer.from(text, 'base64url'))
  return same
}
