import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { CLAIMS, createSigningKey, signToken } from './tokens/issuer.fixture.ts'
import { TOKEN_FAILURES } from './tokens/token-failure.ts'

const packageFolder = fileURLToPath(new URL('..', import.meta.url))
const readme = readFileSync(`${packageFolder}/README.md`, 'utf8')
const run = promisify(execFile)

test('the README explains every reason, in their order', () => {
  const section = readme.split('## Why a token is refused')[1]?.split('\n## ')[0] ?? ''
  const explained = [...section.matchAll(/^\| `(\w+)` +\|/gm)].map(([, reason]) => reason)
  assert.deepEqual(explained, [...TOKEN_FAILURES])
})

describe('the example in the README', () => {
  const key = createSigningKey('ES256')
  const example = readme.match(/```ts\n(.*?)```/s)?.[1] ?? ''
  const server = createServer((request, response) => {
    const jwk = { ...key.key.export({ format: 'jwk' }), kid: key.kid, alg: key.algorithm }
    response.statusCode = request.url === '/.well-known/jwks.json' ? 200 : 404
    response.end(JSON.stringify({ keys: [jwk] }))
  })
  let issuer = ''
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port }: AddressInfo = Object(server.address())
    issuer = `http://127.0.0.1:${port}`
  })
  after(() => server.close())

  /** From the package's own folder its name resolves to its sources. */
  async function runExample(token: string): Promise<string> {
    const source = example.replace('https://auth.example.com', issuer)
    const flags = ['--conditions=@countersign/source', '--input-type=module', '--eval', source]
    const { stdout } = await run(process.execPath, [...flags, '--', 'example', token], {
      cwd: packageFolder,
    })
    return stdout.trim()
  }

  function issue(changes: object): string {
    const iat = Math.floor(Date.now() / 1000)
    return signToken(key, { ...CLAIMS, iss: issuer, aud: issuer, iat, exp: iat + 60, ...changes })
  }

  test('tells who a token speaks for', async () => {
    assert.equal(await runExample(issue({})), CLAIMS.sub)
  })

  test('tells why a token is refused', async () => {
    assert.equal(await runExample(issue({ exp: 1 })), 'expired')
  })
})
