import assert from 'node:assert/strict'
import { registerHooks } from 'node:module'
import { test } from 'node:test'
import { ConfigurationError } from '../../config/configuration-error.ts'
import { openMongodbStore } from './open-mongodb-store.ts'

// Stands in for an application that did not install the optional driver.
registerHooks({
  resolve: (specifier, context, nextResolve) => {
    if (specifier !== 'mongodb') return nextResolve(specifier, context)
    const error = new Error(`Cannot find package '${specifier}'`)
    throw Object.assign(error, { code: 'ERR_MODULE_NOT_FOUND' })
  },
})

test('a missing driver is a mistake of the configuration, with the mend', async () => {
  const options = { url: 'mongodb://127.0.0.1:9/app', clock: () => 0 }
  await assert.rejects(openMongodbStore(options), (error: unknown) => {
    assert.ok(error instanceof ConfigurationError)
    assert.match(error.message, /DATABASE_URL: .*npm install mongodb@7/)
    return true
  })
})
