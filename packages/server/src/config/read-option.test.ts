import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { OptionReader } from './read-option.ts'

function readerOf(options: Record<string, unknown>): OptionReader {
  return new OptionReader(options)
}

const notText = [null, true, false, {}, [], () => 1, Symbol('x'), 10n, new Date()]

describe('reading an option', () => {
  test('takes text and numbers, and empty text for nothing', () => {
    const reader = readerOf({ host: 'a', port: 0, publicUrl: '', docs: undefined })
    assert.deepEqual(
      [reader.text('host'), reader.text('port'), reader.text('publicUrl'), reader.text('docs')],
      ['a', '0', undefined, undefined],
    )
    assert.deepEqual(reader.mistakes, [])
  })

  test('refuses every other type, and goes on', () => {
    for (const value of notText) {
      const reader = readerOf({ host: value })
      assert.equal(reader.text('host'), undefined)
      assert.deepEqual(reader.mistakes, [
        { option: 'host', message: 'It has to be a text or a number.' },
      ])
    }
  })

  test('splits lists at commas, and drops spaces and what is empty', () => {
    assert.deepEqual(readerOf({ roles: ' a, ,b ,' }).list('roles'), ['a', 'b'])
    assert.deepEqual(readerOf({ roles: ['a', ' b '] }).list('roles'), ['a', 'b'])
    assert.deepEqual(readerOf({}).list('roles'), [])
    const reader = readerOf({ roles: ['a', 1] })
    assert.deepEqual(reader.list('roles'), [])
    assert.match(reader.mistakes[0]?.message ?? '', /list of texts/)
  })

  test('takes whole numbers within their bounds, the bounds included', () => {
    for (const value of ['1', '5', 1, 5]) {
      const reader = readerOf({ port: value })
      assert.equal(reader.integer('port', 3, 1, 5), Number(value))
      assert.deepEqual(reader.mistakes, [])
    }
    for (const value of ['0', '6', -1, 1.5, Number.NaN, Infinity, 'x', '1e0', ' 1', '9999999999']) {
      const reader = readerOf({ port: value })
      assert.equal(reader.integer('port', 3, 1, 5), 3)
      assert.match(reader.mistakes[0]?.message ?? '', /is no whole number from 1 to 5/)
    }
    const empty = readerOf({})
    assert.equal(empty.integer('port', 3, 1, 5), 3)
    assert.equal(empty.choice('docs', ['on', 'off'], 'on'), 'on')
    assert.deepEqual(empty.mistakes, [])
  })

  test('takes durations within their bounds, the bounds included', () => {
    for (const [value, seconds] of [
      ['10s', 10],
      ['1m', 60],
      [30, 30],
    ] as const) {
      const reader = readerOf({ sessionIdle: value })
      assert.equal(reader.duration('sessionIdle', '20s', 10, 60), seconds)
      assert.deepEqual(reader.mistakes, [])
    }
    for (const [value, expected] of [
      ['9s', /is not from 10 to 60 seconds/],
      ['61s', /is not from 10 to 60 seconds/],
      ['soon', /is no duration/],
    ] as const) {
      const reader = readerOf({ sessionIdle: value })
      assert.equal(reader.duration('sessionIdle', '20s', 10, 60), 20)
      assert.match(reader.mistakes[0]?.message ?? '', expected)
    }
  })

  test('takes limits and one of the choices, and falls back on the default otherwise', () => {
    const reader = readerOf({
      rateLimitUser: '5/1m',
      rateLimitLogin: '5',
      docs: 'off',
      logLevel: 'x',
    })
    assert.deepEqual(reader.rateLimit('rateLimitUser', '1/1m'), { count: 5, windowSeconds: 60 })
    assert.deepEqual(reader.rateLimit('rateLimitLogin', '2/1m'), { count: 2, windowSeconds: 60 })
    assert.equal(reader.choice('docs', ['on', 'off'], 'on'), 'off')
    assert.equal(reader.choice('logLevel', ['info', 'warn'], 'info'), 'info')
    assert.deepEqual(
      reader.mistakes.map(({ option }) => option),
      ['rateLimitLogin', 'logLevel'],
    )
  })
})
