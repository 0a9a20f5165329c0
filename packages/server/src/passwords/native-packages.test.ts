import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

// A platform for which the native packages have no build, as a hook that refuses to find them.
const withoutBuilds = `
import { registerHooks } from 'node:module'
registerHooks({
  resolve: (name, context, next) => {
    if (name.startsWith('@node-rs/')) throw new Error('There is no build of ' + name)
    return next(name, context)
  },
})`

const host = `
import { createCountersign } from '@countersign/server'
const auth = await createCountersign({ databaseUrl: 'sqlite::memory:' })
const send = async (path, body) => {
  const headers = { 'content-type': 'application/json' }
  const init = { method: 'POST', headers, body: JSON.stringify(body) }
  return (await auth.fetch(new Request('http://localhost:3000/api/auth/' + path, init))).status
}
const ada = { username: 'ada', password: 'a long enough phrase 7' }
console.log(await send('register', ada), await send('login', ada))
await auth.close()
`

test('where the native packages have no build, accounts are made and log in all the same', () => {
  const hook = `data:text/javascript,${encodeURIComponent(withoutBuilds)}`
  const words = ['--conditions=@countersign/source', '--import', hook, '--input-type=module']
  const outcome = spawnSync(process.execPath, [...words, '--eval', host], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
  })
  assert.equal(outcome.stdout.trim(), '201 200', outcome.stderr)
})
