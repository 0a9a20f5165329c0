// Says on which runtimes the tests of this run tried the packages: with a missing one a green run proves less.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findRuntime, isRuntimeRequired, runtimeNames } from './runtimes/runtimes.ts'
import { NotAvailable } from './servers/database-server.ts'

for (const name of runtimeNames) {
  test(`whether the tests cover ${name}`, async (t) => {
    try {
      const { version } = await findRuntime(name)
      t.diagnostic(`covered: ${name}, ${version}`)
    } catch (error) {
      if (!(error instanceof NotAvailable)) throw error
      t.diagnostic(`NOT covered: ${name}: ${error.message}`)
      if (isRuntimeRequired(name)) assert.fail(error.message)
    }
  })
}
