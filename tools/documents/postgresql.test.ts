// The commands that move the server to PostgreSQL, on a real one. Two things differ from a reader's day: where the
// database is, and that its user needs no password. Without a server the tests say so.

import assert from 'node:assert/strict'
import { after, before } from 'node:test'
import { onPostgres, ownPostgresTest } from '../postgres.fixture.ts'
import { type Checkout, copyCheckout } from '../publishing/checkout.fixture.ts'
import { run } from '../publishing/run.fixture.ts'
import { commandsOf, findBlock } from './blocks.ts'
import { findFreePort, runCommands, startCommand } from './shell.fixture.ts'

const ready = 'Ctrl-C stops the server.'
const placeholder = 'postgres://countersign:<password>@db.example.com/app'

onPostgres('the documents on PostgreSQL', () => {
  let checkout: Checkout
  before(async () => {
    checkout = await copyCheckout()
  })
  after(() => checkout.dispose())

  ownPostgresTest(
    'the URL of the README says what else is needed, and with that it starts',
    async (_, server) => {
      const port = await findFreePort()
      const path = `${process.env['PATH']}:/usr/lib/postgresql/${server.description.match(/\d+/)?.[0]}/bin`
      const env = {
        HOME: checkout.directory,
        PATH: path,
        PORT: String(port),
        PGHOST: '127.0.0.1',
        PGPORT: String(server.port),
        PGUSER: 'postgres',
      }
      const here = { cwd: checkout.directory, env }
      const database = `postgres://postgres@127.0.0.1:${server.port}/app`
      const [create = '', start = ''] = commandsOf(
        findBlock('docs/postgresql.md', 'sh', 'createdb'),
      )
      await runCommands([create], here)

      const [first = ''] = commandsOf(findBlock('README.md', 'sh', placeholder))
      const refused = await run('sh', ['-c', first.replace(placeholder, database)], here)
      assert.notEqual(refused.code, 0)
      const secret = /COUNTERSIGN_SECRET=['"]?([\w+/=-]{32,})/.exec(refused.err)?.[1]
      assert.ok(secret !== undefined, refused.err)

      const command = start.replace(placeholder, database).replace('<secret>', secret)
      const countersign = await startCommand(command, ready, here)
      try {
        const answer = await fetch(`http://127.0.0.1:${port}/health/ready`)
        assert.equal(answer.status, 200, await answer.text())
      } finally {
        await countersign.interrupt()
      }
    },
  )

  ownPostgresTest('the move of the page on growing takes the accounts along', async (_, server) => {
    const own = await copyCheckout()
    try {
      const env = {
        HOME: own.directory,
        PATH: process.env['PATH'] ?? '',
        PORT: String(await findFreePort()),
      }
      const here = { cwd: own.directory, env }
      await runCommands(['npx countersign users add ada --generate'], here)
      const database = `postgres://postgres@127.0.0.1:${server.port}/postgres`
      const commands = commandsOf(findBlock('docs/growing.md', 'sh', placeholder))
      const [write = '', move = '', start = ''] = commands
      await runCommands([write.replace(placeholder, database), move], here)
      const countersign = await startCommand(start, ready, here)
      await countersign.interrupt()
      const list = start.replace(/npx countersign$/, 'npx countersign users list')
      const listed = await run('sh', ['-c', list], here)
      assert.match(listed.out, /\bada\b/)
      const old = await run('sh', ['-c', 'npx countersign'], here)
      assert.match(old.err, /was moved to postgres:/)
    } finally {
      own.dispose()
    }
  })
})
