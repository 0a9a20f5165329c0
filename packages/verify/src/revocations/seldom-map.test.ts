import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { SeldomMap } from './seldom-map.ts'

test('it holds what a map would hold, whatever is set and deleted', () => {
  // Of few names, so that they come again; short and long, some of which end alike.
  const name = fc.oneof(
    fc.string({ maxLength: 2 }),
    fc.constantFrom('a-same-end', 'b-same-end', 'ü', ''),
  )
  const act = fc.record({ name, value: fc.option(fc.nat(), { nil: undefined }) })
  fc.assert(
    fc.property(fc.array(act, { maxLength: 300, size: 'max' }), (acts) => {
      const ours = new SeldomMap<number>()
      const map = new Map<string, number>()
      for (const { name: key, value } of acts) {
        if (value === undefined) {
          assert.equal(ours.delete(key), map.delete(key))
        } else {
          ours.set(key, value)
          map.set(key, value)
        }
        assert.equal(ours.size, map.size)
      }
      for (const { name: key } of acts) {
        assert.equal(ours.get(key), map.get(key))
        assert.equal(ours.has(key), map.has(key))
      }
      assert.deepEqual([...ours], [...map])
    }),
  )
})

/** As many bits a character as ids have; in hexadecimal, five characters would be too few for 50,000 names. */
const newNames = (count: number): string[] =>
  Array.from({ length: count }, () => randomBytes(16).toString('base64url'))

const shareOf = (map: SeldomMap<number>, names: readonly string[]): number =>
  names.filter((name) => map.mayHave(name)).length / names.length

test('however many it grows to, nearly every other name is known to be absent', () => {
  const map = new SeldomMap<number>()
  const strangers = newNames(20_000)
  assert.equal(shareOf(map, strangers), 0)
  for (const most of [100, 10_000, 50_000]) {
    const names = newNames(most - map.size)
    for (const name of names) map.set(name, 1)
    assert.ok(names.every((name) => map.has(name)))
    const share = shareOf(map, strangers)
    assert.ok(share < 0.08, `${share} of absent names with ${most}`)
  }
})

test('names that are gone do not stand in the way for ever', () => {
  const map = new SeldomMap<number>()
  const kept = newNames(100)
  for (const name of kept) map.set(name, 1)
  for (let round = 0; round < 100; round++) {
    const next = newNames(1_000)
    for (const name of next) map.set(name, 1)
    for (const name of next) assert.equal(map.delete(name), true)
    assert.ok(kept.every((name) => map.has(name)))
  }
  const share = shareOf(map, newNames(20_000))
  assert.ok(share < 0.15, `${share} of absent names`)
})
