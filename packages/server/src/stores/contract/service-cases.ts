import assert from 'node:assert/strict'
import type { Service } from '../../services/service.ts'
import { type ContractCases, countOf, race, start } from './subject.ts'

let count = 0

function sampleService(name: string): Service {
  const id = `service-${String(count++).padStart(6, '0')}`
  return { id, name, secretHash: `hash of ${id}`, createdAt: start + count }
}

export const serviceCases: ContractCases = {
  'a service is found as it was stored, by every handle, until it is deleted': async ({
    store,
    other,
  }) => {
    const billing = sampleService('Billing')
    assert.equal(await store.insertService(billing), 'inserted')
    assert.deepEqual(await other.findService(billing.id), billing)
    assert.equal(await other.findService('another'), undefined)
    assert.equal(await other.deleteService(billing.id), true)
    assert.equal(await store.deleteService(billing.id), false)
    assert.equal(await store.findService(billing.id), undefined)
  },

  'a name is taken without regard to case, and free again after a deletion': async ({
    store,
    other,
  }) => {
    const billing = sampleService('Billing')
    await store.insertService(billing)
    assert.equal(await other.insertService(sampleService('bILLING')), 'name_taken')
    await store.deleteService(billing.id)
    assert.equal(await other.insertService(sampleService('bILLING')), 'inserted')
  },

  'of 20 that take one name at once, one does': async (subject) => {
    const results = await race(subject, 20, (store) => store.insertService(sampleService('same')))
    assert.equal(countOf(results, 'inserted'), 1)
    assert.equal((await subject.store.listServices()).length, 1)
  },

  'services are listed in the order in which they were made': async ({ store, other }) => {
    const made = [sampleService('c'), sampleService('a'), sampleService('b')]
    for (const service of made) await store.insertService(service)
    assert.deepEqual(await other.listServices(), made)
  },
}
