import assert from 'node:assert/strict'
import { type ContractCases, countOf, oddTexts, race } from './subject.ts'

export const keyCases: ContractCases = {
  'there is no keyring at first': async ({ store, other }) => {
    assert.equal(await store.loadKeyring(), undefined)
    assert.equal(await store.replaceKeyring(1, 'for a version that never was'), false)
    assert.equal(await other.loadKeyring(), undefined)
  },

  'a keyring is replaced while its version is the one that was seen': async ({ store, other }) => {
    assert.equal(await store.replaceKeyring(0, 'first'), true)
    assert.deepEqual(await other.loadKeyring(), { version: 1, document: 'first' })
    assert.equal(await other.replaceKeyring(0, 'another first'), false)
    assert.equal(await other.replaceKeyring(2, 'from the future'), false)
    assert.equal(await other.replaceKeyring(1, 'second'), true)
    assert.equal(await store.replaceKeyring(1, 'another second'), false)
    assert.deepEqual(await store.loadKeyring(), { version: 2, document: 'second' })
  },

  'a large document with odd text comes back as it was': async ({ store }) => {
    const document = JSON.stringify({ texts: oddTexts, large: 'x'.repeat(200_000) })
    assert.equal(await store.replaceKeyring(0, document), true)
    assert.equal((await store.loadKeyring())?.document, document)
  },

  'of 20 that replace one version at once, one does': async (subject) => {
    for (let seen = 0; seen < 5; seen++) {
      const results = await race(subject, 20, (store, turn) =>
        store.replaceKeyring(seen, `version ${seen + 1} of ${turn}`),
      )
      assert.equal(countOf(results, true), 1)
      assert.deepEqual(await subject.other.loadKeyring(), {
        version: seen + 1,
        document: `version ${seen + 1} of ${results.indexOf(true)}`,
      })
    }
  },
}
