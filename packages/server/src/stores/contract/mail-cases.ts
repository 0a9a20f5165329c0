import assert from 'node:assert/strict'
import { type ContractCases, countOf, race, sampleMail, start } from './subject.ts'

export const mailCases: ContractCases = {
  'mails that are due are listed, the longest waiting first': async ({ store, other }) => {
    const second = sampleMail({ dueAt: start + 1, payload: 'x'.repeat(20_000) })
    const first = sampleMail({ dueAt: start, attempts: 3 })
    const later = sampleMail({ dueAt: start + 2 })
    for (const mail of [second, later, first]) await store.enqueueMail(mail)
    assert.deepEqual(await other.listDueMails(start + 1, 9), [first, second])
    assert.deepEqual(await other.listDueMails(start + 1, 1), [first])
    assert.deepEqual(await other.listDueMails(start - 1, 9), [])
  },

  'of 20 that claim a mail at once, one does, 20 times over': async (subject) => {
    let seen = sampleMail()
    await subject.store.enqueueMail(seen)
    for (let round = 1; round <= 20; round++) {
      const results = await race(subject, 20, (store) => store.claimMail(seen, start + round))
      assert.equal(countOf(results, true), 1)
      seen = { ...seen, attempts: seen.attempts + 1, dueAt: start + round }
      assert.deepEqual(await subject.other.listDueMails(start + round, 9), [seen])
      assert.deepEqual(await subject.other.listDueMails(start + round - 1, 9), [])
    }
  },

  'only whoever claimed a mail last puts it off or removes it': async ({ store, other }) => {
    const mail = sampleMail()
    await store.enqueueMail(mail)
    await store.claimMail(mail, start + 10)
    await other.claimMail({ ...mail, attempts: 1 }, start + 20)
    assert.equal(await store.removeMail(mail.id, 1), false)
    assert.equal(await store.postponeMail(mail.id, 1, start), false)
    assert.equal(await other.postponeMail(mail.id, 2, start + 30), true)
    assert.deepEqual(await store.listDueMails(start + 29, 9), [])
    assert.equal((await store.listDueMails(start + 30, 9))[0]?.attempts, 2)
    assert.equal(await other.removeMail(mail.id, 2), true)
    assert.equal(await other.removeMail(mail.id, 2), false)
    assert.deepEqual(await store.listDueMails(start + 30, 9), [])
  },
}
