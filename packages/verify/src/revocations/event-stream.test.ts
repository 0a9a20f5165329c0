import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createEventStreamReader } from './event-stream.ts'

const text =
  ': hello\ndata: one\r\ndata:two\r\n\r\nid: 7\rdata\rdata: ä\r\revent: x\n\ndata: open\n'
const bytes = new TextEncoder().encode(text)
const events = ['one\ntwo', '\nä']

describe('a stream of events', () => {
  test('is read alike in pieces of any length', () => {
    for (let length = 1; length <= bytes.length; length++) {
      const reader = createEventStreamReader(100)
      const read: string[] = []
      for (let at = 0; at < bytes.length; at += length) {
        read.push(...reader.read(bytes.slice(at, at + length)))
      }
      assert.deepEqual(read, events, `${length} bytes at a time`)
    }
  })

  test('is refused when an event never ends, though its lines are empty', () => {
    const reader = createEventStreamReader(1000)
    const lines = new TextEncoder().encode('data:\n'.repeat(400))
    reader.read(lines)
    reader.read(lines)
    assert.throws(() => reader.read(lines), /too long/)
  })
})
