import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { readEnvironment } from './environment.ts'
import { isReadableFromFile, optionTable } from './options.ts'

const directory = mkdtempSync(join(tmpdir(), 'countersign-environment-'))
after(() => rmSync(directory, { recursive: true }))

let files = 0
function write(content: string | Uint8Array, mode = 0o600): string {
  const file = join(directory, `secret-${files++}`)
  writeFileSync(file, content)
  chmodSync(file, mode)
  return file
}

function read(variables: Record<string, string | undefined>) {
  return readEnvironment([{ name: 'the environment', variables }])
}

describe('the environment', () => {
  test('gives every option under its own variable', () => {
    for (const { name, environmentName } of optionTable) {
      const { options, sources, mistakes } = read({ [environmentName]: 'value' })
      const expected = name === 'production' ? false : 'value'
      assert.deepEqual(options, { [name]: expected })
      assert.deepEqual([...sources], [[name, 'the environment']])
      assert.deepEqual(mistakes, [])
    }
  })

  test('means production by exactly that word', () => {
    assert.equal(read({ NODE_ENV: 'production' }).options.production, true)
    for (const value of ['development', 'test', 'Production', 'prod']) {
      assert.equal(read({ NODE_ENV: value }).options.production, false)
    }
    assert.equal(read({}).options.production, undefined)
  })

  test('warns of a word that may be meant for production and is not', () => {
    for (const value of ['prod', 'Production', 'production ', 'PRODUCTION', 'staging', 'live']) {
      const { warnings, mistakes } = read({ NODE_ENV: value })
      assert.deepEqual(
        warnings.map(({ option }) => option),
        ['production'],
        value,
      )
      assert.match(warnings[0]?.message ?? '', /production/)
      assert.deepEqual(mistakes, [])
    }
    for (const value of ['production', 'development', 'test', '', undefined]) {
      assert.deepEqual(read({ NODE_ENV: value }).warnings, [])
    }
  })

  test('leaves out what is empty, and what is none of ours', () => {
    assert.deepEqual(
      read({ PORT: '', JWT_SECRET_FILE: '', HOME: '/root', HOST: undefined }).options,
      {},
    )
  })

  test('warns of a name that is nearly one of ours, layer by layer, and never shows its value', () => {
    const { options, warnings, mistakes } = readEnvironment([
      { name: 'the environment', variables: { PUBLIC_ULR: 'https://x', HOME: '/root', DOCSS: '' } },
      { name: '.env', variables: { COUNTERSIGN_SECRETS: 'kept to itself', RATE_LIMITS: '' } },
    ])
    assert.deepEqual(options, {})
    assert.deepEqual(mistakes, [])
    assert.deepEqual(
      warnings.map(({ message }) => message),
      [
        'PUBLIC_ULR is set in the environment, and nothing reads it: is PUBLIC_URL meant?',
        'COUNTERSIGN_SECRETS is set in .env, and nothing reads it: is COUNTERSIGN_SECRET meant?',
      ],
    )
  })

  test('is asked layer by layer, the first that knows a variable wins', () => {
    const { options, sources } = readEnvironment([
      { name: 'the environment', variables: { PORT: '1', HOST: '' } },
      { name: '.env', variables: { PORT: '2', HOST: 'h', DOCS: 'off' } },
    ])
    assert.deepEqual(options, { port: '1', host: 'h', docs: 'off' })
    assert.equal(sources.get('port'), 'the environment')
    assert.equal(sources.get('host'), '.env')
  })
})

describe('a secret in a file', () => {
  test('is read for every option that may hold one, and for nothing else', () => {
    const file = write('the secret')
    for (const option of optionTable) {
      const { name, environmentName } = option
      const isReadable = isReadableFromFile(option)
      const { options, sources, warnings } = read({ [`${environmentName}_FILE`]: file })
      assert.deepEqual(options, isReadable ? { [name]: 'the secret' } : {})
      assert.equal(sources.get(name), isReadable ? `the file ${file}` : undefined)
      if (isReadable) assert.deepEqual(warnings, [])
    }
  })

  test('loses one line break at its end, and nothing more', () => {
    for (const [content, expected] of [
      ['a b\n', 'a b'],
      ['a b\r\n', 'a b'],
      [' a b \n\n', ' a b \n'],
      ['a\nb', 'a\nb'],
    ] as const) {
      assert.equal(read({ JWT_SECRET_FILE: write(content) }).options.jwtSecret, expected)
    }
  })

  test('that is not UTF-8 is a mistake: every byte that is none would become the same character', () => {
    for (const bytes of [
      Buffer.alloc(48, 0xff),
      Buffer.from('\ufeffa secret in UTF-16', 'utf16le'),
    ]) {
      const file = write(bytes)
      const { options, mistakes } = read({ COUNTERSIGN_SECRET_FILE: file })
      assert.deepEqual(options, {})
      const message =
        `The file ${file} is not UTF-8: write text into it; ` +
        'a random secret as text is what `openssl rand -base64 48` prints.'
      assert.deepEqual(mistakes, [{ option: 'secret', message }])
    }
    const marked = write('\ufeffpässword 🔑\n')
    assert.equal(read({ JWT_SECRET_FILE: marked }).options.jwtSecret, '\ufeffpässword 🔑')
  })

  test('beside the variable itself is a mistake: which of them counts, nobody could tell', () => {
    const { mistakes } = read({ JWT_SECRET: 'a', JWT_SECRET_FILE: write('b') })
    assert.deepEqual(mistakes, [
      {
        option: 'jwtSecret',
        message: 'It and JWT_SECRET_FILE are both set: unset one of the two.',
      },
    ])
  })

  test('in the first layer wins over the variable in the next', () => {
    const { options, mistakes } = readEnvironment([
      { name: 'the environment', variables: { JWT_SECRET_FILE: write('from the file') } },
      { name: '.env', variables: { JWT_SECRET: 'from .env' } },
    ])
    assert.equal(options.jwtSecret, 'from the file')
    assert.deepEqual(mistakes, [])
  })

  test('that is missing, empty or a directory is a mistake, and never no secret at all', () => {
    const folder = join(directory, 'folder')
    mkdirSync(folder)
    for (const [file, expected] of [
      [join(directory, 'missing'), /cannot be read: correct its path or its permissions/],
      [folder, /cannot be read/],
      [write(''), /is empty: write the secret into it/],
      [write('\n'), /is empty/],
    ] as const) {
      const { options, mistakes } = read({ COUNTERSIGN_SECRET_FILE: file })
      assert.deepEqual(options, {})
      assert.equal(mistakes[0]?.option, 'secret')
      assert.match(mistakes[0].message, expected)
    }
  })

  test('that everybody can read gets a warning with its mend', () => {
    const file = write('the secret', 0o644)
    const { options, warnings } = read({ JWT_SECRET_FILE: file })
    assert.equal(options.jwtSecret, 'the secret')
    assert.deepEqual(warnings, [
      { option: 'jwtSecret', message: `Everybody can read ${file}: chmod 600 ${file}` },
    ])
    // Container platforms mount secrets for a group.
    assert.deepEqual(read({ JWT_SECRET_FILE: write('the secret', 0o640) }).warnings, [])
  })
})
