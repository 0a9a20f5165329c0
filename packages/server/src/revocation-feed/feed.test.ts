import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createTestClock } from '../foundation/deterministic.fixture.ts'
import { LiveRevocations } from '../revocation/live-revocations.ts'
import { createRevocationFeed, type FeedPage } from './feed.ts'
import { createFeedStreams } from './feed-streams.ts'

const retentionMs = 1_020_000

/** A feed whose pages are not signed, and complete up to the clock's time. */
function setUp() {
  const clock = createTestClock()
  const revocations = new LiveRevocations(clock, retentionMs)
  const feed = createRevocationFeed({
    revocations,
    follower: { completeUntil: clock },
    sign: (page) => JSON.stringify(page),
    clock,
  })
  const read = (cursor?: string) => JSON.parse(feed.pageFrom(cursor).text) as FeedPage
  const end = (sessionId: string, at = clock()) =>
    revocations.note({ kind: 'session', sessionId, at })
  return { clock, feed, read, end }
}

describe('the pages of the feed', () => {
  test('begin anew for whoever stands in the future, after a clock was set back', () => {
    const { clock, read, end } = setUp()
    clock.advance(3_600_000)
    const { cursor } = read()
    clock.advance(-3_600_000)
    end('a')
    const page = read(cursor)
    assert.equal(page.from, null)
    assert.deepEqual(
      page.entries.map((entry) => 'session' in entry && entry.session),
      ['a'],
    )
    end('b')
    assert.equal(read(page.cursor).entries.length, 2)
  })

  test('go on for whoever stands a little ahead: instances differ by a second', () => {
    const { clock, read } = setUp()
    const { cursor } = read()
    clock.advance(-2_000)
    assert.equal(read(cursor).from, cursor)
  })

  test('tell what became visible a little after the time that it carries', () => {
    const { clock, read, end } = setUp()
    end('a')
    const decidedAt = clock()
    clock.advance(9_000)
    const { cursor } = read()
    // By a process whose commit came only now.
    end('b', decidedAt)
    const page = read(cursor)
    assert.equal(page.from, cursor)
    assert.ok(page.entries.some((entry) => 'session' in entry && entry.session === 'b'))
  })

  test('leave out none of those of one moment where a page ends among them', () => {
    const { read, end } = setUp()
    for (let count = 0; count < 25_000; count++) end(`${count}`.padStart(26, '0'))
    const told = new Set<string>()
    let cursor: string | undefined
    for (let more = true; more; ) {
      const page = read(cursor)
      for (const entry of page.entries) if ('session' in entry) told.add(entry.session)
      ;({ more, cursor } = page)
    }
    assert.equal(told.size, 25_000)
  })
})

describe('a stream of the feed', () => {
  test('that begins with more than it may hold back is cut off, and nothing else breaks', async () => {
    const { clock, feed, read, end } = setUp()
    for (let count = 0; count < 300_000; count++) {
      clock.advance(1)
      end(`${count}`.padStart(26, '0'))
    }
    const streams = createFeedStreams(feed, { findService: async () => undefined })
    const body = streams.open('service', undefined)
    assert.ok(body)
    let bytes = 0
    for await (const chunk of body) bytes += chunk.length
    assert.ok(bytes > 16 * 2 ** 20)
    // Those who know all: a thousand beginnings of this length take minutes.
    let page = read()
    while (page.more) page = read(page.cursor)
    const more = Array.from({ length: 1_000 }, () => streams.open('service', page.cursor))
    assert.ok(
      more.every((stream) => stream !== undefined),
      'it holds no place of the thousand',
    )
    streams.close()
  })
})
