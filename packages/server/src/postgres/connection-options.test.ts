import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type OwnPostgresServer, ownPostgresTest } from '../../../../tools/postgres.fixture.ts'
import { StoreUnavailableError } from '../foundation/store-failure.ts'
import { settingsOf } from '../stores/sql/postgres.fixture.ts'
import { loadPostgresDriver } from './load-driver.ts'
import { withConnection } from './with-connection.ts'

/** What became of a connection: how it is protected, or why there is none. */
async function tryToConnect(url: string): Promise<string> {
  try {
    return await withConnection(await loadPostgresDriver(), settingsOf(url), async (client) => {
      const { rows } = await client.query<{ tls: string }>(
        'SELECT ssl::text AS tls FROM pg_stat_ssl WHERE pid = pg_backend_pid()',
      )
      return rows[0]?.tls === 'true' ? 'encrypted' : 'in the clear'
    })
  } catch (error) {
    assert.ok(error instanceof StoreUnavailableError, String(error))
    return error.message
  }
}

ownPostgresTest('verifies who answers as far as the URL asks for', async (t, server) => {
  const files = await secure(server)
  const at = (host: string, parameters: Readonly<Record<string, string>>) =>
    tryToConnect(
      `postgres://ada:right@${host}:${server.port}/postgres?${new URLSearchParams(parameters)}`,
    )
  const full = { sslmode: 'verify-full', sslrootcert: files.authority }

  assert.equal(await at('localhost', full), 'encrypted')
  // The certificate names localhost: the address is the right machine under a wrong name.
  assert.match(await at('127.0.0.1', full), /not trusted \(ERR_TLS_CERT_ALTNAME_INVALID\)/)
  assert.equal(await at('127.0.0.1', { ...full, sslmode: 'verify-ca' }), 'encrypted')
  assert.equal(await at('127.0.0.1', { ...full, sslmode: 'require' }), 'encrypted')

  const stranger = { ...full, sslrootcert: files.strangeAuthority }
  assert.match(await at('localhost', stranger), /not trusted .*sslrootcert=<file>/)
  assert.match(await at('localhost', { ...stranger, sslmode: 'verify-ca' }), /not trusted/)
  assert.match(await at('localhost', { ...stranger, sslmode: 'require' }), /not trusted/)
  assert.match(await at('localhost', { sslmode: 'verify-full' }), /not trusted/)
  assert.equal(await at('localhost', { sslmode: 'require' }), 'encrypted')

  assert.match(
    await at('localhost', { sslmode: 'disable' }),
    /may not connect: see its pg_hba\.conf/,
  )
})

ownPostgresTest('takes the password from the URL and from nowhere else', async (t, server) => {
  await secure(server)
  process.env['PGPASSWORD'] = 'right'
  t.after(() => delete process.env['PGPASSWORD'])
  const as = (userInfo: string) =>
    tryToConnect(`postgres://${userInfo}@localhost:${server.port}/postgres?sslmode=require`)
  assert.equal(await as('ada:right'), 'encrypted')
  assert.match(await as('ada:wrong-password'), /refuses the password of user ada/)
  assert.doesNotMatch(await as('ada:wrong-password'), /wrong-password/)
  assert.match(await as('ada'), /asks for a password and DATABASE_URL has none/)
})

/** TLS with an authority of its own, and no way in without TLS and a password. */
async function secure(server: OwnPostgresServer) {
  const own = join(server.directory, 'tls')
  mkdirSync(own)
  const authority = makeAuthority(own, 'authority')
  const strangeAuthority = makeAuthority(own, 'stranger')
  const key = join(own, 'server.key')
  const certificate = join(own, 'server.pem')
  openssl(
    own,
    `${newCertificate} -subj /CN=localhost -CA authority.pem -CAkey authority.key -keyout ${key} -out ${certificate} ` +
      '-addext subjectAltName=DNS:localhost -addext basicConstraints=CA:FALSE',
  )
  const { uid, gid } = statSync(join(server.directory, 'data'))
  for (const file of [own, key, certificate]) chownSync(file, uid, gid)
  chmodSync(key, 0o600)
  const { Client } = await loadPostgresDriver()
  const admin = new Client(`postgres://postgres@127.0.0.1:${server.port}/postgres`)
  await admin.connect()
  await admin.query(`ALTER SYSTEM SET ssl_key_file = '${key}'`)
  await admin.query(`ALTER SYSTEM SET ssl_cert_file = '${certificate}'`)
  await admin.query('ALTER SYSTEM SET ssl = on')
  await admin.query(`CREATE ROLE ada LOGIN PASSWORD 'right'`)
  writeFileSync(
    join(server.directory, 'data/pg_hba.conf'),
    'hostssl all ada all scram-sha-256\nhostnossl all ada all reject\nhost all postgres all trust\n',
  )
  await admin.query('SELECT pg_reload_conf()')
  await admin.end()
  return { authority, strangeAuthority }
}

function makeAuthority(directory: string, name: string): string {
  const certificate = join(directory, `${name}.pem`)
  openssl(directory, `${newCertificate} -subj /CN=${name} -keyout ${name}.key -out ${certificate}`)
  return certificate
}

const newCertificate = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2'

function openssl(directory: string, words: string): void {
  execFileSync('openssl', words.split(' '), { cwd: directory, stdio: 'pipe' })
}
