import assert from 'node:assert/strict'
import { StatementSync } from 'node:sqlite'
import { test } from 'node:test'
import { startTestServer } from '../countersign.fixture.ts'

test('a refresh that always loses its swap is told to come back, and the session lives', async (t) => {
  const server = await startTestServer(t)
  await server.open('ada')
  const { refreshToken } = await server.signIn('ada')
  const real = StatementSync.prototype['run']
  let swaps = 0
  // Another instance is faster each time: the row is no longer what was read.
  const losing = t.mock.method(
    StatementSync.prototype,
    'run',
    function (this: StatementSync, ...values: never[]) {
      if (this.sourceSQL.startsWith('update "sessions" set "generation"')) {
        swaps++
        return { changes: 0, lastInsertRowid: 0 }
      }
      return Reflect.apply(real, this, values)
    },
  )
  const refused = await server.refresh(refreshToken)
  assert.deepEqual([refused.status, refused.body['code'], swaps], [503, 'unavailable', 3])
  assert.equal(refused.headers.get('retry-after'), '1')
  losing.mock.restore()
  assert.equal((await server.refresh(refreshToken)).status, 200)
})
