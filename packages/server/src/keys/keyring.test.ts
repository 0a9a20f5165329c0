import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { createTestClock, createTestRandomness } from '../foundation/deterministic.fixture.ts'
import { createMasterSecrets } from '../foundation/master-secret.ts'
import { StoreUnavailableError } from '../foundation/store-failure.ts'
import { openMemoryStore } from '../stores/memory-store.fixture.ts'
import { openSqliteStore } from '../stores/sql/open-sqlite-store.ts'
import { type Keyring, type KeyringOptions, keySetMaxAgeSeconds, openKeyring } from './keyring.ts'
import type { KeyStore } from './store.ts'

const minute = 60_000
const day = 24 * 60 * minute
const oldText = 'an-older-secret-that-was-used-before-0000'
const newText = 'a-newer-secret-that-comes-into-use-11111'

async function setUp(t: TestContext, wrap: (store: KeyStore) => KeyStore = (store) => store) {
  const clock = createTestClock()
  const store = wrap(await openMemoryStore(t, clock))
  const open = (changes: Partial<KeyringOptions> = {}): Promise<Keyring> =>
    openKeyring({
      store,
      secrets: createMasterSecrets([oldText]),
      algorithm: 'ES256',
      jwtSecret: undefined,
      accessTokenTtlSeconds: 900,
      rotationSeconds: 30 * 86_400,
      clock,
      randomness: createTestRandomness(),
      ...changes,
    })
  return { clock, store, open }
}

function states(keyring: Keyring): string[] {
  return keyring.list().map(({ state }) => state)
}

function published(keyring: Keyring): (string | undefined)[] {
  return keyring.jwks().body.keys.map(({ kid }) => kid)
}

describe('the keyring', () => {
  test('makes a key at the first start and finds it again at the next', async (t) => {
    const { open } = await setUp(t)
    const [first, second] = [await open(), await open()]
    assert.deepEqual(states(first), ['active'])
    assert.equal(second.signingKey().kid, first.signingKey().kid)
    assert.ok(second.signingKey().privateKey.equals(first.signingKey().privateKey))
  })

  test('makes one key when ten processes start at the same moment', async (t) => {
    const { open } = await setUp(t)
    const keyrings = await Promise.all(Array.from({ length: 10 }, () => open()))
    for (const keyring of keyrings) await keyring.maintain()
    assert.equal(new Set(keyrings.map((keyring) => keyring.signingKey().kid)).size, 1)
    assert.deepEqual(states(keyrings[0] ?? assert.fail()), ['active'])
  })

  test('publishes the next key before it signs, for longer than verifiers cache', async (t) => {
    const { clock, open } = await setUp(t)
    const keyring = await open()
    const old = keyring.signingKey().kid
    clock.advance(30 * day - 10 * minute - 1)
    await keyring.maintain()
    assert.deepEqual(states(keyring), ['active'])
    clock.advance(1)
    await keyring.maintain()
    assert.deepEqual(states(keyring), ['active', 'next'])
    assert.equal(published(keyring).length, 2)
    assert.ok(10 * minute > keySetMaxAgeSeconds * 1000)
    assert.equal(keyring.signingKey().kid, old)
    // The clock decides; no process has to do anything at the very moment.
    clock.advance(10 * minute)
    assert.notEqual(keyring.signingKey().kid, old)
    assert.deepEqual(states(keyring), ['retired', 'active'])
  })

  test('finds the old key until its last token is over', async (t) => {
    const { clock, open } = await setUp(t)
    const keyring = await open()
    const old = keyring.signingKey()
    clock.advance(30 * day - 10 * minute)
    await keyring.maintain()
    clock.advance(10 * minute - 1)
    assert.equal(keyring.signingKey().kid, old.kid)
    // A token of this moment is over in 15 minutes.
    for (let waited = 0; waited < 15; waited++) {
      clock.advance(minute)
      await keyring.maintain()
      assert.equal(keyring.findKey(old.kid)?.key.equals(old.publicKey), true)
    }
    clock.advance(3 * minute)
    await keyring.maintain()
    assert.equal(keyring.findKey(old.kid), undefined)
    assert.deepEqual(published(keyring), [keyring.signingKey().kid])
  })

  test('rotates once when two processes find it due at the same moment', async (t) => {
    const { clock, open } = await setUp(t)
    const [one, other] = [await open(), await open()]
    clock.advance(30 * day)
    const made = await Promise.all([one.maintain(), other.maintain()])
    assert.equal(made.filter(Boolean).length, 1, 'and one of them says so')
    assert.deepEqual(states(one), ['active', 'next'])
    assert.equal(await one.maintain(), false)
    await other.maintain()
    assert.deepEqual(published(one), published(other))
    assert.equal(published(one).length, 2)
  })

  test('learns of another process’s rotation', async (t) => {
    const { clock, open } = await setUp(t)
    const [one, other] = [await open(), await open()]
    const [, next] = await one.rotate({ now: false })
    assert.equal(other.findKey(next?.kid ?? ''), undefined)
    await other.maintain()
    assert.notEqual(other.findKey(next?.kid ?? ''), undefined)
    clock.advance(10 * minute)
    assert.equal(other.signingKey().kid, next?.kid)
  })

  test('signs although this clock is behind the one of the process that made the key', async (t) => {
    const { clock, open } = await setUp(t)
    const one = await open()
    clock.advance(-minute)
    const other = await open()
    assert.equal(other.signingKey().kid, one.signingKey().kid)
    await other.maintain()
    assert.deepEqual(states(other), ['active'])
  })

  test('gives up, and changes nothing, when others always come before it', async (t) => {
    const { clock, open } = await setUp(t, (store) => ({
      ...store,
      replaceKeyring: async (seen, document) => seen === 0 && store.replaceKeyring(seen, document),
    }))
    const keyring = await open()
    clock.advance(30 * day)
    await assert.rejects(keyring.maintain(), StoreUnavailableError)
    assert.deepEqual(states(keyring), ['active'])
  })

  test('goes on with what it has when the store is away', async (t) => {
    let isAway = false
    const { clock, open } = await setUp(t, (store) => ({
      ...store,
      loadKeyring: () =>
        isAway
          ? Promise.reject(new StoreUnavailableError('unreachable', 'away'))
          : store.loadKeyring(),
    }))
    const keyring = await open()
    isAway = true
    clock.advance(40 * day)
    await assert.rejects(keyring.maintain(), StoreUnavailableError)
    assert.ok(keyring.signingKey())
  })
})

describe('rotating by hand', () => {
  test('makes the next key before its time', async (t) => {
    const { clock, open } = await setUp(t)
    const keyring = await open()
    const keys = await keyring.rotate({ now: false })
    assert.deepEqual(
      keys.map(({ state, activatesAt }) => [state, activatesAt]),
      [
        ['active', clock()],
        ['next', clock() + 10 * minute],
      ],
    )
  })

  test('now, after a leak, leaves nothing of the old keys', async (t) => {
    const { clock, open } = await setUp(t)
    const keyring = await open()
    await keyring.rotate({ now: false })
    const leaked = published(keyring)
    clock.advance(minute)
    const keys = await keyring.rotate({ now: true })
    assert.deepEqual(
      keys.map(({ state, activatesAt }) => [state, activatesAt]),
      [['active', clock()]],
    )
    for (const kid of leaked) assert.equal(keyring.findKey(kid ?? ''), undefined)
    assert.equal(leaked.includes(keyring.signingKey().kid), false)
  })

  test('now, reaches the other processes with their next look', async (t) => {
    const { open } = await setUp(t)
    const [one, other] = [await open(), await open()]
    const leaked = other.signingKey().kid
    await one.rotate({ now: true })
    await other.maintain()
    assert.equal(other.findKey(leaked), undefined)
    assert.equal(other.signingKey().kid, one.signingKey().kid)
  })

  test('is found by whoever looks, also right after somebody looked for a key that nobody made', async (t) => {
    let reads = 0
    const { open } = await setUp(t, (store) => ({
      ...store,
      loadKeyring: () => (reads++, store.loadKeyring()),
    }))
    const [one, other] = [await open(), await open()]
    for (let round = 0; round < 3; round++) {
      assert.equal(await other.lookUp(`made-up-${round}`), false)
      await one.rotate({ now: true })
      assert.equal(await other.lookUp(one.signingKey().kid), true)
    }
    // Whoever asks at once or while somebody waits does not make it look once more.
    reads = 0
    const found = await Promise.all(
      Array.from({ length: 50 }, (_, at) => other.lookUp(`kid-${at}`)),
    )
    assert.equal(found.includes(true), false)
    assert.equal(reads, 1)
  })

  test('now, is not undone by a rotation that was making its key meanwhile', async (t) => {
    const { open } = await setUp(t)
    const one = await open()
    const leaked = one.signingKey().kid
    // Its keys take a few hundred milliseconds to make.
    const slow = await open({ algorithm: 'RS256' })
    const rotating = slow.rotate({ now: false })
    await new Promise(setImmediate)
    await one.rotate({ now: true })
    await slow.follow()
    assert.equal(slow.findKey(leaked), undefined)
    await rotating
    for (const keyring of [slow, await open()]) {
      assert.equal(keyring.findKey(leaked), undefined)
      assert.notEqual(keyring.findKey(one.signingKey().kid), undefined)
    }
  })

  test('now, is not undone by a look that began before it', async (t) => {
    let held: Promise<void> | undefined
    const { open } = await setUp(t, (store) => ({
      ...store,
      loadKeyring: async () => {
        const until = held
        const stored = await store.loadKeyring()
        await until
        return stored
      },
    }))
    const keyring = await open()
    const leaked = keyring.signingKey().kid
    const { promise, resolve } = Promise.withResolvers<void>()
    held = promise
    const looking = keyring.follow()
    held = undefined
    await new Promise(setImmediate)
    await keyring.rotate({ now: true })
    resolve()
    await looking
    assert.equal(keyring.findKey(leaked), undefined)
    assert.notEqual(keyring.signingKey().kid, leaked)
  })

  test('now, by two at the same moment ends with one key', async (t) => {
    const { open } = await setUp(t)
    const [one, other] = [await open(), await open()]
    await Promise.all([one.rotate({ now: true }), other.rotate({ now: true })])
    await Promise.all([one.maintain(), other.maintain()])
    assert.deepEqual([states(one), published(one)], [['active'], published(other)])
  })
})

describe('another algorithm in the configuration', () => {
  test('takes over after its key was published, and the old tokens stay good', async (t) => {
    const { clock, open } = await setUp(t)
    const old = (await open()).signingKey().kid
    const keyring = await open({ algorithm: 'EdDSA' })
    assert.equal(keyring.signingKey().algorithm, 'ES256')
    clock.advance(10 * minute)
    await keyring.maintain()
    assert.equal(keyring.signingKey().algorithm, 'EdDSA')
    assert.equal(keyring.findKey(old)?.algorithm, 'ES256')
    clock.advance(14 * minute)
    await keyring.maintain()
    assert.notEqual(keyring.findKey(old), undefined)
  })

  test('makes one key, also beside a next key of the old algorithm', async (t) => {
    const { clock, open } = await setUp(t)
    await (await open()).rotate({ now: false })
    const keyring = await open({ algorithm: 'EdDSA' })
    for (let waited = 0; waited < 30; waited++) {
      clock.advance(minute)
      await keyring.maintain()
      assert.ok(keyring.list().length <= 3)
    }
    assert.equal(keyring.signingKey().algorithm, 'EdDSA')
  })
})

describe('the longest life of a token', () => {
  test('is remembered when a shorter one is configured', async (t) => {
    const { open } = await setUp(t)
    await open({ accessTokenTtlSeconds: 3_600 })
    const keyring = await open({ accessTokenTtlSeconds: 60 })
    assert.equal(keyring.longestTokenTtlSeconds(), 3_600)
  })
})

describe('the master secret of the keys', () => {
  test('is needed to start: another one is refused and nothing is replaced', async (t) => {
    const { open, store } = await setUp(t)
    await open()
    const before = await store.loadKeyring()
    await assert.rejects(
      open({ secrets: createMasterSecrets([newText]) }),
      /sealed under another master secret/,
    )
    assert.deepEqual(await store.loadKeyring(), before)
  })

  test('is replaced by `new,old`: the keys are sealed again and the old one may go', async (t) => {
    const { open } = await setUp(t)
    const { kid } = (await open()).signingKey()
    await open({ secrets: createMasterSecrets([newText, oldText]) })
    const keyring = await open({ secrets: createMasterSecrets([newText]) })
    assert.equal(keyring.signingKey().kid, kid)
    await assert.rejects(open(), /sealed under another master secret/)
  })

  test('may be rolled out by `old,new` first: every process reads what every other wrote', async (t) => {
    const { open } = await setUp(t)
    const { kid } = (await open()).signingKey()
    const oldNew = { secrets: createMasterSecrets([oldText, newText]) }
    const newOld = { secrets: createMasterSecrets([newText, oldText]) }
    for (const secrets of [oldNew, newOld, oldNew, newOld]) {
      const keyring = await open(secrets)
      assert.equal(keyring.signingKey().kid, kid)
      await keyring.maintain()
    }
  })

  test('alone is not in the database, and the file holds no private key', async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'countersign-keys-'))
    t.after(() => rmSync(directory, { recursive: true }))
    const clock = createTestClock()
    const { open } = await setUp(t)
    for (const algorithm of ['ES256', 'EdDSA', 'PS256'] as const) {
      const store = await openSqliteStore({ file: join(directory, `${algorithm}.db`), clock })
      const { privateKey } = (await open({ store, algorithm, clock })).signingKey()
      const { d = assert.fail() } = privateKey.export({ format: 'jwk' })
      const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' })
      // Before and after the log is written back into the file.
      const files = readFiles(directory)
      await store.close()
      for (const content of [files, readFiles(directory)]) {
        assert.ok(content.includes('"sealedPrivateKey"'))
        for (const bytes of [Buffer.from(d, 'base64url'), pkcs8, pkcs8.subarray(-32)]) {
          assert.equal(content.includes(bytes), false)
          for (const encoding of ['base64', 'base64url', 'hex'] as const) {
            assert.equal(content.includes(bytes.toString(encoding)), false)
          }
        }
        assert.equal(content.includes(oldText), false)
      }
    }
  })
})

describe('with a shared secret', () => {
  const jwtSecret = 'Vb3nq0TjYf1xLw9sKzR7uEhD5mGaPcQ2'

  test('there is one key: its bytes, under a name that tells nothing of it', async (t) => {
    const { open, store } = await setUp(t)
    const keyring = await open({ jwtSecret })
    const { kid, algorithm, privateKey } = keyring.signingKey()
    assert.deepEqual(privateKey.export(), Buffer.from(jwtSecret))
    assert.equal(algorithm, 'HS256')
    assert.match(kid, /^hs256-[\w-]{8}$/)
    assert.equal((await open({ jwtSecret })).signingKey().kid, kid)
    assert.notEqual((await open({ jwtSecret: `${jwtSecret}x` })).signingKey().kid, kid)
    assert.equal(keyring.findKey(kid)?.key.equals(privateKey), true)
    assert.equal(keyring.findKey('another'), undefined)
    assert.deepEqual(states(keyring), ['active'])
    await keyring.maintain()
    assert.equal(await store.loadKeyring(), undefined)
  })

  test('nothing is published', async (t) => {
    const { open } = await setUp(t)
    const keyring = await open({ jwtSecret })
    assert.deepEqual(keyring.jwks().body, { keys: [] })
    assert.equal(JSON.stringify(keyring.list()).includes(jwtSecret), false)
  })

  test('no key of a pair verifies any more, whatever the database holds', async (t) => {
    const { open } = await setUp(t)
    const { kid } = (await open()).signingKey()
    assert.equal((await open({ jwtSecret })).findKey(kid), undefined)
  })

  test('rotation is a matter of the configuration, and says so', async (t) => {
    const { open } = await setUp(t)
    const keyring = await open({ jwtSecret })
    await assert.rejects(keyring.rotate({ now: true }), {
      name: 'RotationRefusedError',
      message: /change it and restart/,
    })
  })

  test('the longest life is the longest that may be configured: nothing remembers it', async (t) => {
    const { open } = await setUp(t)
    const keyring = await open({ jwtSecret, accessTokenTtlSeconds: 60 })
    assert.equal(keyring.longestTokenTtlSeconds(), 86_400)
  })
})

function readFiles(directory: string): Buffer {
  return Buffer.concat(readdirSync(directory).map((name) => readFileSync(join(directory, name))))
}
