import assert from 'node:assert/strict'
import { test } from 'node:test'
import { interleave, type RoundCounts } from './interleave.ts'

function only(rounds: number): RoundCounts {
  return { rounds, warmUpRounds: 0 }
}

test('contenders run in turn, the order turned round every other time', async () => {
  const order: string[] = []
  const contender = (name: string) => async (): Promise<string> => {
    order.push(name)
    return `${name}${order.length}`
  }
  const measured = await interleave(only(3), { a: contender('a'), b: contender('b') })
  assert.deepEqual(order, ['a', 'b', 'b', 'a', 'a', 'b'])
  assert.deepEqual(measured, { a: ['a1', 'a4', 'a5'], b: ['b2', 'b3', 'b6'] })
})

test('what was measured while warming up is thrown away', async () => {
  let calls = 0
  const contender = async (): Promise<number> => ++calls
  const { a } = await interleave({ rounds: 2, warmUpRounds: 3 }, { a: contender })
  assert.deepEqual(a, [4, 5])
})

test('no two contenders run at once', async () => {
  let running = 0
  const contender = async (): Promise<number> => {
    const seen = ++running
    await new Promise((resolve) => void setImmediate(resolve))
    running--
    return seen
  }
  const { a, b } = await interleave(only(4), { a: contender, b: contender })
  assert.deepEqual([...a, ...b], [1, 1, 1, 1, 1, 1, 1, 1])
})
