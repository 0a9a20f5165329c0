import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { createTestClock, createTestRandomness } from '../foundation/deterministic.fixture.ts'
import { createIdSource } from '../foundation/ids.ts'
import { createMasterSecrets } from '../foundation/master-secret.ts'
import { openMemoryStore } from '../stores/memory-store.fixture.ts'
import { createTickets } from './tickets.ts'

async function setUp(t: TestContext) {
  const clock = createTestClock()
  const randomness = createTestRandomness()
  const parts = {
    secrets: createMasterSecrets(['a-secret-that-is-long-enough-for-tests']),
    store: await openMemoryStore(t, clock),
    newId: createIdSource(clock, randomness),
    randomness,
    clock,
  }
  const tickets = (kind = 'reset') => createTickets<{ user: string }>(parts, kind, 60_000)
  return { clock, parts, tickets }
}

describe('a ticket', () => {
  test('says to us what it said when it was issued, and to others nothing', async (t) => {
    const { tickets, clock } = await setUp(t)
    const text = tickets().issue({ user: 'ada' })
    const { facts, expiresAt } = tickets().open(text) ?? assert.fail()
    assert.deepEqual([facts, expiresAt], [{ user: 'ada' }, clock() + 60_000])
    assert.ok(!Buffer.from(text, 'base64url').includes('ada'))
  })

  test('opens as no other kind, and under no other secret', async (t) => {
    const { tickets, parts } = await setUp(t)
    const text = tickets().issue({ user: 'ada' })
    assert.equal(tickets('verify').open(text), undefined)
    const secrets = createMasterSecrets(['another-secret-that-is-long-enough-too'])
    assert.equal(createTickets({ ...parts, secrets }, 'reset', 60_000).open(text), undefined)
  })

  test('does not open when any of it was altered, cut or made up', async (t) => {
    const { tickets } = await setUp(t)
    const text = tickets().issue({ user: 'ada' })
    const bytes = Buffer.from(text, 'base64url')
    for (let at = 0; at < bytes.length; at++) {
      const altered = Buffer.from(bytes)
      altered[at] = (altered[at] ?? 0) ^ 1
      assert.equal(tickets().open(altered.toString('base64url')), undefined, `byte ${at}`)
    }
    for (const other of ['', 'x', text.slice(0, -2), 'A'.repeat(100_000)]) {
      assert.equal(tickets().open(other), undefined)
    }
  })

  test('is over when its time is', async (t) => {
    const { tickets, clock } = await setUp(t)
    const text = tickets().issue({ user: 'ada' })
    clock.advance(59_999)
    assert.ok(tickets().open(text))
    clock.advance(1)
    assert.equal(tickets().open(text), undefined)
  })

  test('is spent once, however many spend it and however it is spelt', async (t) => {
    const { tickets } = await setUp(t)
    const text = tickets().issue({ user: 'ada' })
    const spent = await Promise.all(
      [text, `${text}=`, text, ` ${text}`].map(async (spelling) => {
        const ticket = tickets().open(spelling)
        return ticket ? tickets().spend(ticket) : false
      }),
    )
    assert.equal(spent.filter(Boolean).length, 1)
  })
})
