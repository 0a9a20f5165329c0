import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTarget, type Variables } from '../targets/target.fixture.ts'

const short = 'x7Kq9Zt2Lm4Wp8Rv1Ns6Bd3Hy5Jc0Fg'

/** What the program says when it does not start. */
async function refusalOf(variables: Variables): Promise<string> {
  const started = await startTarget('program', variables).then(
    async (target) => {
      await target.stop()
      return undefined
    },
    (error: unknown) => String(error),
  )
  assert.ok(started !== undefined, 'the program has started')
  return started
}

test('a shared secret of fewer than 32 bytes starts nothing, and is not repeated in the refusal (RFC 8725 §3.5, RFC 7518 §3.2)', async () => {
  assert.equal(Buffer.byteLength(short), 31)
  const refusal = await refusalOf({ JWT_SECRET: short })
  assert.match(refusal, /JWT_SECRET: .*32/)
  assert.ok(!refusal.includes(short))
})

test('nothing starts in production with http, a wildcard origin or a secret out of a tutorial, each named with its mend (v5.0.0-13.3.1, v5.0.0-3.4.2)', async () => {
  const refusal = await refusalOf({
    NODE_ENV: 'production',
    PUBLIC_URL: 'http://auth.example.com',
    CLIENT_ORIGIN: '*',
    JWT_SECRET: 'your-super-secret-jwt-key-change-me-now',
    COUNTERSIGN_SECRET: 'changeme-changeme-changeme-changeme',
  })
  for (const name of ['PUBLIC_URL', 'CLIENT_ORIGIN', 'JWT_SECRET', 'COUNTERSIGN_SECRET']) {
    assert.match(refusal, new RegExp(`- ${name}: `), name)
  }
  assert.doesNotMatch(refusal, /your-super-secret|changeme-changeme/)
})
