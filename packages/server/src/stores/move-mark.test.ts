import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StoreUnavailableError } from '../foundation/store-failure.ts'
import { explainMark, findMark, type MoveMark, refuseMarked, toMarkRow } from './move-mark.ts'
import { migrations } from './sql/migrations/migrations.ts'

const marks = ['arriving', 'leaving', 'moved'].map((state) => ({
  state: state as MoveMark['state'],
  id: 'a',
  at: 1_790_000_000_000,
  place: 'postgres://db:5432/shop moved here?schema=x',
}))

test('a mark is read as it was written', () => {
  for (const mark of marks) assert.deepEqual(findMark([toMarkRow(mark)]), mark)
  assert.equal(findMark([]), undefined)
})

test('versions that know no marks refuse the database, too: to them it is a step that ends them', () => {
  for (const mark of marks) {
    const { number, kind } = toMarkRow(mark)
    assert.equal(kind, 'contract')
    assert.ok(migrations.every((step) => step.number !== number))
  }
})

test('each mark says what to do', () => {
  const said = marks.map((mark) => explainMark(mark)).join('\n')
  assert.match(
    said,
    /run countersign move there again[^]*run it again, or give it up[^]*set DATABASE_URL/,
  )
  for (const mark of marks) {
    assert.throws(
      () => refuseMarked([toMarkRow(mark)]),
      new StoreUnavailableError('schema', explainMark(mark)),
    )
  }
})
