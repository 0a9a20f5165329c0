import assert from 'node:assert/strict'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import fc from 'fast-check'
import { hideSecrets } from './hide-secrets.ts'
import { createLog } from './log.ts'

const names = ['password', 'Authorization', 'set-cookie', 'refreshToken', 'CSRFTOKEN', 'jwtSecret']

/** What the log writes, line by line. */
function openLog(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-log-'))
  const file = join(directory, 'log')
  const fd = openSync(file, 'a')
  t.after(() => {
    closeSync(fd)
    rmSync(directory, { recursive: true })
  })
  const lines = () =>
    readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
  return { log: createLog({ level: 'info', fd }), lines, text: () => readFileSync(file, 'utf8') }
}

describe('a line of the log', () => {
  test('shows nothing that stands under a name of a secret, at whatever depth', async (t) => {
    const { log, text } = openLog(t)
    const around: ((value: unknown) => object)[] = [
      (value) => ({ value }),
      (value) => [{ value }, 'x'],
    ]
    for (const name of names) {
      let fields: object = { [name]: 'hunter2', beside: 'kept' }
      for (let depth = 0; depth < 12; depth++) {
        log.info(fields, 'line')
        log.error({ err: Object.assign(new Error('failed'), { request: fields }) }, 'line')
        log.error(Object.assign(new Error('failed'), fields))
        fields = around[depth % 2]?.(fields) ?? fields
      }
    }
    assert.equal(text().includes('hunter2'), false)
    assert.ok(text().includes('[redacted]') && text().includes('kept'))
  })

  test('still says what failed and where when the error carries a secret', (t) => {
    const { log, lines } = openLog(t)
    const error = Object.assign(new TypeError('no'), { config: { password: 'hunter2' } })
    log.error({ err: error, other: error }, 'failed')
    const [{ err, other }] = lines()
    for (const shown of [err, other]) {
      assert.deepEqual([shown.type, shown.message], ['TypeError', 'no'])
      assert.deepEqual(shown.config, { password: '[redacted]' })
      assert.match(shown.stack, /hide-secrets\.test/)
    }
  })

  test('says all the rest as it was given', (t) => {
    const { log, lines } = openLog(t)
    const at = new Date(0)
    const audit = { id: '1', detail: { factor: 'password', token_epoch: 3 }, at, list: [1, [2]] }
    log.info({ audit, nothing: null }, 'sign_in.succeeded')
    log.error({ err: new TypeError('no') }, 'failed')
    const [first, second] = lines()
    assert.deepEqual(first.audit, { ...audit, at: at.toISOString() })
    assert.deepEqual([first.nothing, first.level, first.msg], [null, 'info', 'sign_in.succeeded'])
    assert.deepEqual([second.err.type, second.err.message], ['TypeError', 'no'])
    assert.match(second.err.stack, /hide-secrets\.test/)
  })

  test('comes to an end where its fields go in circles, and changes none of them', () => {
    const circle: Record<string, unknown> = { password: 'hunter2' }
    circle['self'] = circle
    const shown = hideSecrets(circle)
    assert.equal(JSON.stringify(shown).includes('hunter2'), false)
    assert.equal(circle['password'], 'hunter2')
  })

  test('is not copied when there is nothing to hide', () => {
    const value = fc.object({ maxDepth: 4, key: fc.constantFrom('a', 'id', 'tokens', 'passwords') })
    const property = fc.property(value, (fields) => assert.equal(hideSecrets(fields), fields))
    fc.assert(property, { examples: [[{ a: [{ id: Number.NaN }] }]] })
  })
})
