import assert from 'node:assert/strict'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { createProgram } from '../program.fixture.ts'

test('shows every variable, its source, and no secret', async (t) => {
  const program = createProgram(t)
  const secret = 'a-secret-of-the-configuration-that-is-long'
  writeFileSync(join(program.directory, '.env'), `JWT_SECRET=${secret}\nROLES=user,editor,admin\n`)
  const { code, out } = await program.run(['doctor'], { variables: { PORT: '4000' } })
  assert.equal(code, 0)
  assert.match(out, /^PORT +4000 +the environment$/m)
  assert.match(out, /^ROLES +user,editor,admin +\S+\.env$/m)
  assert.match(out, /^JWT_SECRET +\(secret, set\) +\S+\.env$/m)
  assert.match(out, /^SESSION_IDLE +7d +default$/m)
  assert.ok(!out.includes(secret))
  assert.match(out, /can also forge them/, 'advice on HS256')
  assert.ok(!existsSync(join(program.directory, 'data')), 'it changes nothing')
})

test('lists what is wrong and answers 3', async (t) => {
  const program = createProgram(t)
  const variables = { JWT_SECRET: 'short', RATE_LIMIT_LOGIN: 'many' }
  const { code, out } = await program.run(['doctor'], { variables })
  assert.equal(code, 3)
  assert.match(out, /Wrong:[\s\S]*- JWT_SECRET: [\s\S]*- RATE_LIMIT_LOGIN: /)
})

test('finds a damaged database and an open secret', async (t) => {
  const program = createProgram(t)
  await program.run(['keys', 'list'])
  assert.match((await program.run(['doctor'])).out, /is sound and holds 0 account/)
  chmodSync(join(program.directory, 'data/secret'), 0o640)
  writeFileSync(join(program.directory, 'data/countersign.db'), 'not a database'.repeat(1000))
  const { code, out } = await program.run(['doctor'])
  assert.equal(code, 3)
  assert.match(out, /chmod 600/)
  assert.match(out, /countersign\.db cannot be read|is damaged/)
})

test('finds a master secret that is damaged, and one that the keys were not sealed under', async (t) => {
  const program = createProgram(t)
  await program.run(['keys', 'list'])
  const file = join(program.directory, 'data/secret')
  const secret = readFileSync(file, 'utf8').trim()
  const jwtSecret = 'Vb3nq0TjYf1xLw9sKzR7uEhD5mGaPcQ2'
  const cases = [
    [secret.slice(0, 20), {}, /Wrong:[^]*The master secret in \S+ is damaged: restore/],
    [secret.toUpperCase(), {}, /Wrong:[^]*sealed under another master secret: put the one/],
    [secret, { COUNTERSIGN_SECRET: `${secret}1` }, /Wrong:[^]*sealed under another master secret/],
  ] as const
  for (const [content, variables, expected] of cases) {
    writeFileSync(file, content)
    const { code, out } = await program.run(['doctor'], { variables })
    assert.equal(code, 3, out)
    assert.match(out, expected)
    assert.equal((await program.run(['start'], { variables })).code, 3, 'as the start says')
  }
  const fine = [{}, { COUNTERSIGN_SECRET: `new-${secret},${secret}` }, { JWT_SECRET: jwtSecret }]
  for (const variables of fine) {
    const { code, out } = await program.run(['doctor'], { variables })
    assert.equal(code, 0, out)
  }
})

test('finds a first administrator that cannot be made, as long as there is none', async (t) => {
  const program = createProgram(t)
  const doctor = (variables: Readonly<Record<string, string>>) =>
    program.run(['doctor'], { variables })
  const weak = await doctor({ ADMIN_USERNAME: 'x y', ADMIN_PASSWORD: 'short' })
  assert.equal(weak.code, 3)
  assert.match(weak.out, /Wrong:[^]*- ADMIN_USERNAME: "x y" is no [^]*- ADMIN_PASSWORD: The passw/)
  const wish = { ADMIN_USERNAME: 'root', ADMIN_PASSWORD: 'a long enough phrase 7' }
  assert.equal((await doctor(wish)).code, 0)
  await program.run(['users', 'add', 'Root', '--generate'])
  const taken = await doctor(wish)
  assert.equal(taken.code, 3)
  assert.match(
    taken.out,
    /Wrong:[^]*does not administer: npx countersign users set-role Root admin/,
  )
  await program.run(['users', 'add', 'grace', '--admin', '--generate'])
  assert.equal((await doctor(wish)).code, 0)
})

test('finds a database that others may read, which one that was copied back often is', async (t) => {
  const program = createProgram(t)
  await program.run(['keys', 'list'])
  const file = join(program.directory, 'data/countersign.db')
  assert.doesNotMatch((await program.run(['doctor'])).out, /Others may read/)
  chmodSync(file, 0o644)
  const { code, out } = await program.run(['doctor'])
  assert.equal(code, 0)
  assert.match(out, /Found:[\s\S]*Others may read the database: chmod 600 .*countersign\.db/)
})

test('production under an address of this machine alone is told of, by doctor and at the start', async (t) => {
  const program = createProgram(t)
  const variables = { NODE_ENV: 'production', HOST: '127.0.0.1' }
  const { code, out } = await program.run(['doctor'], { variables })
  assert.equal(code, 0)
  assert.match(out, /Advice:[\s\S]*- PUBLIC_URL is http:\/\/localhost:3000: /)
  const https = { ...variables, PUBLIC_URL: 'https://auth.example.com', TRUSTED_PROXIES: '1' }
  assert.doesNotMatch((await program.run(['doctor'], { variables: https })).out, /- PUBLIC_URL is/)
  const server = await program.start(variables)
  assert.match(server.output(), /"level":"warn".*PUBLIC_URL is http:\/\/localhost:\d+: /)
})

test('NODE_ENV=prod is not production, and doctor and start say so', async (t) => {
  const program = createProgram(t)
  const variables = { NODE_ENV: 'prod' }
  const { code, out } = await program.run(['doctor'], { variables })
  assert.equal(code, 0)
  assert.match(out, /Advice:[\s\S]*- NODE_ENV: "prod" is not production/)
  const server = await program.start(variables)
  assert.match(server.output(), /"level":"warn".*NODE_ENV: \\"prod\\" is not production/)
})

test('a misspelt variable is pointed at by doctor and at the start, and others are not', async (t) => {
  const program = createProgram(t)
  writeFileSync(join(program.directory, '.env'), 'ALLOWED_ORIGINS=https://app.example.com\n')
  const variables = { PUBLIC_ULR: 'https://auth.example.com', METRICS_HOST: 'elsewhere' }
  const { code, out } = await program.run(['doctor'], { variables })
  assert.equal(code, 0)
  assert.match(out, /Advice:[\s\S]*- PUBLIC_ULR is set in the environment, .* is PUBLIC_URL meant/)
  assert.match(out, /Advice:[\s\S]*- ALLOWED_ORIGINS is set in \S+\.env, .* is CLIENT_ORIGIN meant/)
  assert.doesNotMatch(out, /METRICS_HOST/)
  const server = await program.start(variables)
  assert.match(server.output(), /"level":"warn".*PUBLIC_ULR .* is PUBLIC_URL meant/)
  assert.match(server.output(), /"level":"warn".*ALLOWED_ORIGINS .* is CLIENT_ORIGIN meant/)
})

test('a .env with a byte order mark is read from its first name on, and one that is not UTF-8 is refused', async (t) => {
  const program = createProgram(t)
  const file = join(program.directory, '.env')
  const text = 'REGISTRATION=closed\r\nDOCS=off\r\n'
  writeFileSync(file, `\ufeff${text}`)
  const { code, out } = await program.run(['doctor'])
  assert.equal(code, 0)
  assert.match(out, /^REGISTRATION +closed +\S+\.env$/m)
  assert.match(out, /^DOCS +off +\S+\.env$/m)
  const marked = Buffer.from(`\ufeff${text}`, 'utf16le')
  for (const bytes of [marked, marked.subarray(2), Buffer.from(`ROLES=us\xe9r`, 'latin1')]) {
    writeFileSync(file, bytes)
    const refused = await program.run(['doctor'])
    assert.equal(refused.code, 3)
    assert.match(refused.out, /Wrong:[\s\S]*\.env is not UTF-8: save it as UTF-8/)
  }
  const start = await program.run(['start'])
  assert.equal(start.code, 3)
  assert.match(start.err, /\.env is not UTF-8/)
})
