import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createCountersign } from '../create-countersign.ts'
import { bearer, createSite, signUp } from '../library.fixture.ts'

test('an instance that meets a key made by another looks it up before it refuses the token', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-keys-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const databaseUrl = `sqlite:${join(directory, 'countersign.db')}`
  const [one, other] = [
    await createCountersign({ databaseUrl }),
    await createCountersign({ databaseUrl }),
  ]
  t.after(() => Promise.all([one.close(), other.close()]))
  const [here, there] = [one, other].map((auth) =>
    createSite('http://localhost:3000', (url, init) => auth.fetch(new Request(url, init))),
  )
  assert.ok(here && there)
  const { token: old, csrfToken } = await signUp(here, 'ada')
  assert.equal((await there.call('GET', '/api/users', bearer(old))).status, 200)

  await one.keys.rotate({ now: true })
  const headers = { 'x-csrf-token': csrfToken }
  const refreshed = await here.call('POST', '/api/auth/refresh', { headers })
  const { token } = refreshed.json() as { token: string }
  const read = await there.call('GET', '/api/users', bearer(token))
  assert.equal(read.status, 200, read.text)
  assert.equal((await there.call('GET', '/api/users', bearer(old))).status, 401, 'its key leaked')
})
