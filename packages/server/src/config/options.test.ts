import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ConfigurationError, formatMistake } from './configuration-error.ts'
import { environmentNameOf, isReadableFromFile, optionTable } from './options.ts'
import { renderOptionReference } from './reference.ts'

describe('the table of options', () => {
  test('names each option and each variable once', () => {
    assert.equal(new Set(optionTable.map(({ name }) => name)).size, optionTable.length)
    const variables = optionTable.map(({ environmentName }) => environmentName)
    assert.equal(new Set(variables).size, optionTable.length)
    for (const variable of variables) assert.match(variable, /^[A-Z][A-Z_]+[A-Z]$/)
  })

  test('marks every option that holds a secret', () => {
    assert.deepEqual(
      optionTable.filter(({ isSecret }) => isSecret).map(({ environmentName }) => environmentName),
      [
        'MONGODB_URI',
        'REDIS_URL',
        'COUNTERSIGN_SECRET',
        'JWT_SECRET',
        'ADMIN_PASSWORD',
        'SMTP_URL',
        'METRICS_TOKEN',
      ],
    )
  })

  test('knows the names that the tutorial uses', () => {
    const variables = new Set(optionTable.map(({ environmentName }) => environmentName))
    const names = [
      'PORT',
      'MONGODB_URI',
      'JWT_SECRET',
      'JWT_EXPIRES_IN',
      'JWT_ISSUER',
      'JWT_AUDIENCE',
    ]
    for (const name of [...names, 'CLIENT_ORIGIN', 'NODE_ENV']) assert.ok(variables.has(name), name)
  })

  test('is the reference, one row an option', () => {
    const rows = renderOptionReference().split('\n').slice(2)
    assert.equal(rows.length, optionTable.length)
    for (const [index, option] of optionTable.entries()) {
      assert.ok(rows[index]?.startsWith(`| \`${option.environmentName}\``))
      assert.equal(rows[index]?.includes('(or `_FILE`)'), isReadableFromFile(option))
    }
  })
})

describe('a mistake', () => {
  test('is told by the name of its variable, or alone', () => {
    assert.equal(environmentNameOf('jwtSecret'), 'JWT_SECRET')
    assert.equal(formatMistake({ option: 'jwtSecret', message: 'Mend.' }), '- JWT_SECRET: Mend.')
    assert.equal(formatMistake({ option: undefined, message: 'Mend.' }), '- Mend.')
  })

  test('stands with all the others in one error', () => {
    const mistakes = [
      { option: 'port', message: 'A.' },
      { option: undefined, message: 'B.' },
    ] as const
    const error = new ConfigurationError(mistakes)
    assert.equal(error.message, 'The configuration has mistakes:\n- PORT: A.\n- B.')
    assert.equal(error.mistakes, mistakes)
    assert.equal(error.name, 'ConfigurationError')
  })
})
