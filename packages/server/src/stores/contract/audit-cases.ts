import assert from 'node:assert/strict'
import type { AuditEvent } from '../../audit/event.ts'
import type { Store } from '../store.ts'
import { type ContractCases, oddTexts, pruneAll, race, sampleEvent, start } from './subject.ts'

export const auditCases: ContractCases = {
  'an event comes back with every field as it was': async ({ store, other }) => {
    const event = sampleEvent({
      at: 2 ** 53 - 1,
      type: 'session.theft',
      actorId: 'actor',
      subjectId: 'subject',
      sessionId: 'session',
      ip: '2001:db8::1',
      userAgent: 'Mozilla/5.0',
      requestId: 'r-1',
      detail: { text: 'x', number: -1.5, large: 2 ** 53 - 1, yes: true, nothing: null },
    })
    await store.appendEvent(event)
    assert.deepEqual(await other.listEvents({ limit: 10 }), [event])
  },

  'odd text and odd names of facts stay as they are': async ({ store }) => {
    const events: AuditEvent[] = []
    for (const text of [...oddTexts, '', 'x'.repeat(5_000)]) {
      // A name with a dot or a dollar has a meaning of its own in some databases.
      const detail = { [`a.${text}`]: text, $set: text, constructor: text }
      events.push(sampleEvent({ userAgent: text, ip: text, subjectId: text, detail }))
    }
    for (const event of events) await store.appendEvent(event)
    assert.deepEqual(await store.listEvents({ limit: 50 }), events.toReversed())
    for (const event of events) {
      const query = { limit: 5, subjectId: event.subjectId ?? '' }
      assert.deepEqual(await store.listEvents(query), [event])
    }
  },

  'events are listed newest first, by subject and by type': async ({ store }) => {
    const kinds = [
      ['ada', 'sign_in.failed'],
      ['bob', 'sign_in.failed'],
      ['ada', 'sign_in.succeeded'],
      [null, 'keys.rotated'],
      ['ada', 'sign_in.failed'],
    ] as const
    const ids: string[] = []
    for (const [subjectId, type] of kinds) {
      const event = sampleEvent({ subjectId, type, at: start + ids.length })
      await store.appendEvent(event)
      ids.push(event.id)
    }
    const list = (query: Parameters<Store['listEvents']>[0]) => listIds(store, query, ids)
    assert.deepEqual(await list({ limit: 10 }), [4, 3, 2, 1, 0])
    assert.deepEqual(await list({ limit: 2 }), [4, 3])
    assert.deepEqual(await list({ limit: 10, subjectId: 'ada' }), [4, 2, 0])
    assert.deepEqual(await list({ limit: 10, type: 'sign_in.failed' }), [4, 1, 0])
    const both = { subjectId: 'ada', type: 'sign_in.failed' } as const
    assert.deepEqual(await list({ limit: 1, ...both }), [4])
    assert.deepEqual(await list({ limit: 10, subjectId: 'nobody' }), [])
  },

  'events written at once are all there': async (subject) => {
    const events = Array.from({ length: 100 }, () => sampleEvent())
    await race(subject, 100, (store, turn) => store.appendEvent(events[turn] ?? sampleEvent()))
    assert.deepEqual(await subject.other.listEvents({ limit: 200 }), events.toReversed())
  },

  'pruning deletes events from before a time, no more than the limit a call': async ({ store }) => {
    const events: AuditEvent[] = []
    for (let age = 10; age > 0; age--) {
      const event = sampleEvent({ at: start - age })
      events.push(event)
      await store.appendEvent(event)
    }
    const before = start - 3
    const pruned = await pruneAll((limit) => store.pruneEvents(before, limit), 3, 10)
    assert.equal(pruned, 7)
    assert.deepEqual(await store.listEvents({ limit: 20 }), events.slice(7).toReversed())
  },
}

/** The places in `ids` of what the query finds. */
async function listIds(
  store: Store,
  query: Parameters<Store['listEvents']>[0],
  ids: readonly string[],
): Promise<number[]> {
  return (await store.listEvents(query)).map(({ id }) => ids.indexOf(id))
}
