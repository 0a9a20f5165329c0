// The programs of docs/verify-anywhere.md, as they stand there: against the vectors and against a live server.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { createCountersign } from '@countersign/server'
import { readAccessTokenVectors } from '../vectors/vector-files.ts'
import { has, languages, type Sample } from './samples.fixture.ts'

const vectors = readAccessTokenVectors()

for (const { name, toolchain, prepare, use } of languages) {
  // Whoever builds without these languages may; who checks a change may not.
  const isMissing = !(await has(toolchain)) && process.env['CI'] === undefined
  const skip = isMissing ? `${toolchain} is not installed` : false
  if (skip) console.log(`The ${name} sample is not run: ${skip}.`)

  describe(`the ${name} sample`, { skip }, () => {
    let sample: Sample
    before(async () => {
      sample = await prepare()
    })

    test('passes every vector that must pass, with its claims', async () => {
      const { issuer, audience, jwks, now, valid } = vectors
      const tokens = valid.map(({ token }) => token)
      const outcomes = await sample({ issuer, audience, jwks, now, tokens })
      assert.deepEqual(
        outcomes.map((outcome, at) => [valid[at]?.name, outcome]),
        valid.map(({ name, claims }) => [name, { claims }]),
      )
    })

    test('fails every vector that must fail', async () => {
      const { issuer, audience, jwks, now, invalid, sharedSecret } = vectors
      const failing = [...invalid, ...sharedSecret.valid, ...sharedSecret.invalid]
      const tokens = failing.map(({ token }) => token)
      const outcomes = await sample({ issuer, audience, jwks, now, tokens })
      assert.deepEqual(
        outcomes.map((outcome, at) => [failing[at]?.name, outcome]),
        failing.map(({ name }) => [name, { failure: 'invalid' }]),
      )
    })

    test('verifies the tokens of a live server', async () => {
      const server = await startServer()
      const [header, payload, signature] = server.token.split('.')
      const forged = `${header}.${payload}.${signature?.slice(0, -4)}AAAA`
      const tokens = [server.token, forged, '']
      const issuer = { issuer: server.url, jwksUri: `${server.url}/.well-known/jwks.json` }
      const [good, ...bad] = await sample({ ...issuer, audience: server.url, tokens })
      assert.partialDeepStrictEqual(good, { claims: { iss: server.url, sub: server.userId } })
      assert.deepEqual(bad, [{ failure: 'invalid' }, { failure: 'invalid' }])
      const [elsewhere] = await sample({ ...issuer, audience: 'https://other.example', tokens })
      assert.deepEqual(elsewhere, { failure: 'invalid' })
      await server.close()
    })

    test('is used as the page says', async () => {
      const server = await startServer()
      const claims = await use({ issuer: server.url, audience: server.url }, server.token)
      assert.partialDeepStrictEqual(claims, { iss: server.url, sub: server.userId })
      await assert.rejects(
        use({ issuer: server.url, audience: 'https://else.example' }, server.token),
      )
      await server.close()
    })

    test('says that it cannot tell when there are no keys to be had', async () => {
      const moved = createServer((_, response) => {
        response.writeHead(302, { location: '/elsewhere' }).end()
      })
      let hits = 0
      moved.on('request', () => hits++)
      await once(moved.listen(0, '127.0.0.1'), 'listening')
      const { port }: AddressInfo = Object(moved.address())
      const { issuer, audience, now, valid } = vectors
      const tokens = valid.slice(0, 3).map(({ token }) => token)
      const jwksUri = `http://127.0.0.1:${port}/`
      const outcomes = await sample({ issuer, audience, jwksUri, now, tokens })
      assert.deepEqual(
        outcomes,
        tokens.map(() => ({ failure: 'unavailable' })),
      )
      assert.equal(hits, 1, 'one fetch per cool-down, and no redirect followed')
      moved.close()
    })
  })
}

async function startServer() {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-'))
  const listener = createServer((request, response) => auth.handler(request, response))
  await once(listener.listen(0, '127.0.0.1'), 'listening')
  const { port }: AddressInfo = Object(listener.address())
  const url = `http://127.0.0.1:${port}`
  const databaseUrl = `sqlite:${join(folder, 'data.db')}`
  const auth = await createCountersign({ databaseUrl, publicUrl: url })
  const account = { username: 'ada', password: 'analytical engine 1843' }
  const registered = await auth.accounts.create(account)
  assert.ok(registered.ok)
  const response = await fetch(`${url}/api/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(account),
  })
  const { token } = (await response.json()) as { token: string }
  return {
    url,
    token,
    userId: registered.account.id,
    close: async () => {
      listener.close()
      listener.closeAllConnections()
      await auth.close()
      await rm(folder, { recursive: true })
    },
  }
}
