import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { clientContractFile, makeClientContract } from './write-client-contract.ts'

test('the client knows the contract that the server serves', async () => {
  const mend = 'run node --conditions=@countersign/source tools/write-client-contract.ts'
  assert.equal(readFileSync(clientContractFile, 'utf8'), await makeClientContract(), mend)
})
