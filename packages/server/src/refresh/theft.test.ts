import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Countersign, createCountersign } from '../create-countersign.ts'

const url = 'http://localhost:3000/api'
const credentials = { username: 'ada', password: 'analytical engine 1843' }

// It lived on until the next poll: the refresh ended the session past the copy that is held in memory.
test('an access token is dead as soon as its session is found stolen', async (t) => {
  const auth = await createCountersign({ databaseUrl: 'sqlite::memory:' })
  t.after(() => auth.close())
  await post(auth, 'auth/register', credentials)
  const login = await post(auth, 'auth/login', { ...credentials, delivery: 'body' })
  const first = await tokensOf(login)
  const second = await tokensOf(await refresh(auth, first))
  const third = await tokensOf(await refresh(auth, second))
  assert.equal((await readProfile(auth, third.token)).status, 200)
  assert.equal((await refresh(auth, first)).status, 401)
  assert.equal((await readProfile(auth, third.token)).status, 401)
})

interface Tokens {
  readonly token: string
  readonly refreshToken: string
}

async function tokensOf(answer: Response): Promise<Tokens> {
  assert.equal(answer.status, 200)
  return (await answer.json()) as Tokens
}

function refresh(auth: Countersign, { refreshToken }: Tokens): Promise<Response> {
  return post(auth, 'auth/refresh', { refreshToken })
}

function post(auth: Countersign, path: string, body: object): Promise<Response> {
  return auth.fetch(
    new Request(`${url}/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  )
}

function readProfile(auth: Countersign, token: string): Promise<Response> {
  const headers = { authorization: `Bearer ${token}` }
  return auth.fetch(new Request(`${url}/users`, { headers }))
}
