import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createSource } from '../http/source.fixture.ts'
import { findRefreshToken } from './presented-refresh-token.ts'

const cookie = { name: '__Host-refreshToken', secure: true }

function find(inBody: string | undefined, header?: string) {
  const headers = header === undefined ? {} : { cookie: header }
  return findRefreshToken(inBody, createSource({ headers }), cookie)
}

describe('which refresh token counts', () => {
  test('is the body’s before the cookie’s', () => {
    assert.deepEqual(find('b', '__Host-refreshToken=c'), { text: 'b', delivery: 'body' })
    assert.deepEqual(find('b'), { text: 'b', delivery: 'body' })
  })

  test('is the cookie’s when the body has none, or an empty one', () => {
    const expected = { text: 'c', delivery: 'cookie' }
    assert.deepEqual(find(undefined, 'a=1; __Host-refreshToken=c'), expected)
    assert.deepEqual(find('', '__Host-refreshToken=c'), expected)
  })

  test('is none when there is none, or an empty one', () => {
    for (const header of [undefined, '', 'a=1', '__Host-refreshToken=', '__Host-refreshToken']) {
      assert.equal(find(undefined, header), undefined)
      assert.equal(find('', header), undefined)
    }
  })

  test('is never that of a cookie without the prefix, which another subdomain may have set', () => {
    assert.equal(find(undefined, 'refreshToken=c'), undefined)
    assert.equal(find(undefined, '__host-refreshToken=c'), undefined)
  })

  test('is refused as invalid, not as missing, when two cookies say two things', () => {
    const two = '__Host-refreshToken=good; __Host-refreshToken=evil'
    assert.deepEqual(find(undefined, two), { text: '', delivery: 'cookie' })
    assert.deepEqual(find('b', two), { text: 'b', delivery: 'body' })
  })
})
