import assert from 'node:assert/strict'
import { test } from 'node:test'
import { longFunctions } from './long-functions.ts'

const body = (lines: number): string => Array(lines).fill('    work()').join('\n')
const file = (text: string) => ({ path: 'x.ts', text, isTest: false })

test('finds a function, a method and an arrow function that are too long', () => {
  const text = [
    `export async function first(\n  a: string,\n): void {\n${body(10)}\n}`,
    `class Thing {\n  second(a: string) {\n${body(10)}\n  }\n}`,
    `const third = async () => {\n${body(10)}\n}`,
  ].join('\n')
  const names = longFunctions(file(text), 9).map(({ name }) => name)
  assert.deepEqual(names, ['first', 'second', 'third'])
})

test('lets short functions pass', () => {
  assert.deepEqual(longFunctions(file(`function short() {\n${body(3)}\n}`), 9), [])
})
