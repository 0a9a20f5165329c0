// A platform that lacks an algorithm, as browsers before 2025 lack Ed25519. None of the runtimes that the tests know is
// one, so WebCrypto is made to answer as it does there (Web Cryptography §18.4.4).

import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test, type TestContext } from 'node:test'
import { createSigningKey, outcomeOf } from '../tokens/issuer.fixture.ts'
import { createVerifier, importJwks, importVerificationKey, type Verifier } from '../web.ts'
import { IssuerServer, toJwk } from './issuer-server.fixture.ts'

const es = createSigningKey('ES256', 'es')
const ed = createSigningKey('EdDSA', 'ed')

function takeEd25519Away(t: TestContext): void {
  const { subtle } = crypto
  const importKey = subtle.importKey.bind(subtle)
  t.mock.method(subtle, 'importKey', async (...words: Parameters<typeof importKey>) => {
    const [, , { name }] = words as unknown as [string, object, { name: string }]
    if (name === 'Ed25519') throw new DOMException('Unrecognized name.', 'NotSupportedError')
    return importKey(...words)
  })
}

describe('on a platform without Ed25519', () => {
  let issuer: IssuerServer
  let problems: string[]
  beforeEach(async () => {
    issuer = await IssuerServer.start()
    problems = []
  })
  afterEach(() => issuer.close())

  function open(): Verifier {
    return createVerifier({
      issuer: issuer.url,
      audience: issuer.url,
      onProblem: ({ message }) => problems.push(message),
    })
  }

  function sign(key: typeof es): string {
    const iat = Math.floor(Date.now() / 1000)
    return issuer.sign({ iat, exp: iat + 600 }, key)
  }

  test('the other keys of a set serve, and tokens of that one are refused', async (t) => {
    issuer.keys = [ed, es]
    const before = open()
    assert.equal(outcomeOf(await before.verify(sign(ed))), 'accepted')
    takeEd25519Away(t)
    const verifier = open()
    assert.equal(outcomeOf(await verifier.verify(sign(es))), 'accepted')
    assert.equal(outcomeOf(await verifier.verify(sign(ed))), 'unknown_key')
    const findKey = await importJwks({ keys: [toJwk(ed), toJwk(es)] })
    assert.deepEqual([findKey('es')?.kid, findKey('ed')], ['es', undefined])
  })

  test('a set of nothing else is an outage that names the reason', async (t) => {
    issuer.keys = [ed]
    takeEd25519Away(t)
    assert.equal(outcomeOf(await open().verify(sign(ed))), 'keys_unavailable')
    assert.match(problems.join(), /this platform has no EdDSA/)
    const refusal = { name: 'TypeError', message: /this platform has no EdDSA/ }
    await assert.rejects(importVerificationKey(toJwk(ed)), refusal)
    await assert.rejects(importJwks({ keys: [toJwk(ed)] }), refusal)
  })
})
