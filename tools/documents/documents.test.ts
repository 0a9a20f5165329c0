// Every command and every example in the documents, as a reader would run them. Two things differ from a reader's day:
// the checkout is a copy whose packages are linked in place of `npm ci`, which would install them anew for each run, and
// port 3000 is whichever is free. The examples in JavaScript need the built packages: ../publishing runs those.

import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { optionTable } from '@countersign/server/config'
import { type Checkout, copyCheckout } from '../publishing/checkout.fixture.ts'
import { root, run, succeed } from '../publishing/run.fixture.ts'
import { blocksOf, commandsOf, findBlock } from './blocks.ts'
import { serveTls, withoutTlsProxy } from './tls-proxy.fixture.ts'
import {
  findFreePort,
  runCommands,
  startCommand,
  typeInto,
  withoutTerminal,
} from './shell.fixture.ts'

const ready = 'Ctrl-C stops the server.'
const password = 'a long enough phrase 7'

// Which test runs the blocks of which document. One that is not here, or has more blocks than it had, fails below.
const runBy: Readonly<Record<string, string>> = {
  'README.md sh 0': 'tools/documents/documents.test.ts',
  'README.md sh 1': 'tools/documents/documents.test.ts',
  'README.md sh 2': 'tools/documents/documents.test.ts',
  'README.md sh 3': 'tools/documents/postgresql.test.ts',
  'README.md sh 4': 'tools/documents/documents.test.ts',
  'README.md nginx 0': 'tools/documents/documents.test.ts',
  'README.md js 0': 'tools/publishing/publishing.test.ts',
  'CONTRIBUTING.md sh 0': 'tools/documents/documents.test.ts',
  'docs/audit-events.md sh 0': 'tools/documents/documents.test.ts',
  'docs/growing.md ini 0': 'tools/documents/documents.test.ts',
  'docs/growing.md sh 0': 'tools/documents/postgresql.test.ts',
  'docs/growing.md ini 1': 'tools/documents/documents.test.ts',
  'docs/passkeys.md html 0': 'packages/client/src/passkeys.test.ts',
  'docs/passkeys.md js 0': 'packages/client/src/passkeys.test.ts',
  'docs/postgresql.md sh 0': 'tools/documents/postgresql.test.ts',
  'docs/second-factors.md sh 0': 'packages/server/src/totp/second-factors-document.test.ts',
  'docs/verify-anywhere.md ts 0': 'conformance/runtimes/runtimes.test.ts',
  'docs/verify-anywhere.md ts 1': 'conformance/runtimes/runtimes.test.ts',
  'docs/verify-anywhere.md ts 2': 'conformance/runtimes/runtimes.test.ts',
  'docs/verify-anywhere.md python 0': 'conformance/verify-anywhere/verify-anywhere.test.ts',
  'docs/verify-anywhere.md py 0': 'conformance/verify-anywhere/verify-anywhere.test.ts',
  'docs/verify-anywhere.md go 0': 'conformance/verify-anywhere/verify-anywhere.test.ts',
  'docs/verify-anywhere.md golang 0': 'conformance/verify-anywhere/verify-anywhere.test.ts',
  'examples/express-api/README.md sh 0': 'tools/documents/documents.test.ts',
  'examples/fastify-api/README.md sh 0': 'tools/documents/documents.test.ts',
  'examples/hono-api/README.md sh 0': 'tools/documents/documents.test.ts',
  'examples/microservices/README.md sh 0': 'tools/documents/documents.test.ts',
  'examples/node-http/README.md sh 0': 'tools/documents/documents.test.ts',
  'examples/single-page-app/README.md sh 0': 'tools/documents/documents.test.ts',
  'packages/client/README.md sh 0': 'tools/publishing/publishing.test.ts',
  'packages/client/README.md js 0': 'tools/publishing/publishing.test.ts',
  'packages/countersign/README.md sh 0': 'tools/publishing/publishing.test.ts',
  'packages/countersign/README.md sh 1': 'tools/publishing/publishing.test.ts',
  'packages/server/README.md sh 0': 'tools/publishing/publishing.test.ts',
  'packages/server/README.md js 0': 'tools/publishing/publishing.test.ts',
  'packages/verify/README.md sh 0': 'tools/publishing/publishing.test.ts',
  'packages/verify/README.md ts 0': 'packages/verify/src/readme.test.ts',
  'packages/verify/README.md ts 1': 'packages/verify/src/readme.test.ts',
  'packages/verify/README.md ts 2': 'packages/verify/src/readme.test.ts',
  'packages/verify/README.md ts 3': 'packages/verify/src/readme.test.ts',
  'packages/verify/README.md ts 4': 'packages/verify/src/readme.test.ts',
  'packages/verify/README.md ts 5': 'packages/verify/src/readme.test.ts',
  'packages/verify/README.md ts 6': 'packages/verify/src/readme.test.ts',
  'packages/verify/README.md ts 7': 'packages/verify/src/readme.test.ts',
}

let documents: readonly string[]
before(async () => {
  const listed = await succeed('git', ['ls-files', '-co', '--exclude-standard', '*.md'], {
    cwd: root,
  })
  documents = listed.split('\n').filter((file) => file !== '' && existsSync(join(root, file)))
})

test('every block of every document is run by a test', () => {
  const found = documents.flatMap((file) => {
    const counts: Record<string, number> = {}
    return blocksOf(file)
      .filter(({ language }) => language !== '')
      .map(({ language }) => {
        const index = counts[language] ?? 0
        counts[language] = index + 1
        return `${file} ${language} ${index}`
      })
  })
  assert.deepEqual(found.sort(), Object.keys(runBy).sort())
  for (const file of new Set(Object.values(runBy))) assert.ok(existsSync(join(root, file)), file)
})

test('every link leads to a file that is there', () => {
  const broken = documents.flatMap((file) =>
    [...readFileSync(join(root, file), 'utf8').matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = '']) => target.replace(/#.*$/, ''))
      .filter((target) => target !== '' && !/^https?:/.test(target))
      .filter((target) => !existsSync(resolve(root, dirname(file), target)))
      .map((target) => `${file}: ${target}`),
  )
  assert.deepEqual(broken, [])
})

test('ARCHITECTURE.md names files and folders that are there, and every folder of the server', () => {
  const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')
  const source = join(root, 'packages/server/src')
  const files = [...text.matchAll(/[\w-]+(?:\/[\w.-]+)+\.ts\b/g)].map(([name]) => name)
  assert.ok(files.length > 10)
  const lost = files.filter((name) => ![source, root].some((from) => existsSync(join(from, name))))
  assert.deepEqual(lost, [])
  const folders = readdirSync(source, { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  )
  const unnamed = folders.map(({ name }) => name).filter((name) => !text.includes(`\`${name}\``))
  assert.deepEqual(unnamed, [])
  const packages = readdirSync(join(root, 'packages')).map((name) => `packages/${name}`)
  assert.deepEqual(
    packages.filter((name) => !text.includes(name)),
    [],
  )
})

test('every npm script that a document names is there', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  const missing = documents.flatMap((file) =>
    [
      ...readFileSync(join(root, file), 'utf8').matchAll(
        /npm (?:run ([a-z][\w:]*)|(start|test)\b)/g,
      ),
    ]
      .map(([, script, short]) => script ?? short ?? '')
      .filter((name) => scripts[name] === undefined)
      .map((name) => `${file}: ${name}`),
  )
  assert.deepEqual(missing, [])
})

test('every variable in the samples of a configuration is one that there is', () => {
  const known = new Set(optionTable.map(({ environmentName }) => environmentName))
  for (const { text, language } of documents.flatMap(blocksOf)) {
    if (language !== 'ini') continue
    for (const line of commandsOf(text)) {
      const name = /^([A-Z_]+)=/.exec(line)?.[1]?.replace(/_FILE$/, '')
      assert.ok(name !== undefined && known.has(name), line)
    }
  }
})

test('README.md names every command of the program, every example and every page of docs/', async () => {
  const text = readFileSync(join(root, 'README.md'), 'utf8').replaceAll('\n', ' ')
  const help = await succeed('countersign', ['--help'], { cwd: root })
  const commands = [...help.matchAll(/^ {2}([a-z]+(?: [a-z-]+)?)\b.* {2}/gm)].map(
    ([, words = '']) => words,
  )
  assert.ok(commands.includes('users set-role') && commands.includes('start'))
  const named = [...text.matchAll(/`([a-z]+) ([a-z|-]+)`|`([a-z]+)`/g)].flatMap(
    ([, group, words, alone]) =>
      alone === undefined ? (words ?? '').split('|').map((word) => `${group} ${word}`) : [alone],
  )
  assert.deepEqual(
    commands.filter((command) => !named.includes(command)),
    [],
  )
  const folders = ['docs', 'examples'].flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => !name.endsWith('.ts'))
      .map((name) => `(${folder}/${name}`),
  )
  assert.deepEqual(
    folders.filter((name) => !text.includes(name)),
    [],
  )
})

describe('README.md', () => {
  let checkout: Checkout
  let port: number
  before(async () => {
    checkout = await copyCheckout()
    port = await findFreePort()
  })
  after(() => checkout.dispose())

  const here = (more: Readonly<Record<string, string>> = {}) => ({
    cwd: checkout.directory,
    env: { PORT: String(port), HOME: checkout.directory, ...more },
  })
  const local = (text: string) => text.replaceAll('localhost:3000', `localhost:${port}`)
  const start = async () => {
    const [first = ''] = commandsOf(findBlock('README.md', 'sh', 'npm ci && npm start'))
    assert.equal(first, 'npm ci && npm start')
    return startCommand('npm start', ready, here())
  }

  test('two commands start the server and make the first administrator', async (t) => {
    if (withoutTerminal !== false) {
      t.skip(withoutTerminal)
      return
    }
    const server = await start()
    try {
      const url = `http://localhost:${port}`
      assert.match(server.output(), /npx countersign users add <username> --admin/)
      const [, add = ''] = commandsOf(findBlock('README.md', 'sh', 'npm ci && npm start'))
      const typed = [
        ['Password:', password],
        ['Again:', password],
      ] as const
      const said = await typeInto(add, typed, here())
      assert.match(said, /root/)
      assert.ok(!said.includes(password), 'what is typed is not shown')
      const body = JSON.stringify({ username: 'root', password })
      const headers = { 'content-type': 'application/json' }
      const login = await fetch(`${url}/api/auth/login`, { method: 'POST', headers, body })
      assert.equal(((await login.json()) as { user: { role: string } }).user.role, 'admin')
      assert.match(await (await fetch(`${url}/docs`)).text(), /<title>/)
    } finally {
      await server.interrupt()
    }
    assert.match(server.output(), /Stopping/, 'Ctrl-C ends it well')
  })

  test('the calls in curl answer as they should', async () => {
    const server = await start()
    try {
      const commands = commandsOf(local(findBlock('README.md', 'sh', 'curl -s')))
      const outputs = await runCommands(commands, here())
      const answers = outputs.map((text, index) => ({ command: commands[index] ?? '', text }))
      const answerTo = (part: string) => {
        const found = answers.find(({ command }) => command.includes(part))
        return JSON.parse(found?.text ?? '') as Record<string, unknown>
      }
      assert.equal(answerTo('/auth/register')['message'], 'User registered successfully')
      assert.equal(answerTo('api/users ')['username'], 'ada')
      assert.equal(typeof answerTo('/auth/refresh')['accessToken'], 'string')
      assert.equal(answers.at(-1)?.text, '', 'a log-out has nothing to say')
      const again = commands.filter((command) => /TOKEN=|api\/users /.test(command))
      const [, dead = ''] = await runCommands(again, here())
      assert.match(dead, /Invalid or expired token/)
    } finally {
      await server.interrupt()
    }
  })

  test('the commands of the program work in the order of the page', async () => {
    const commands = commandsOf(findBlock('README.md', 'sh', 'users add grace'))
    const outputs = await runCommands(commands, here())
    const said = Object.fromEntries(commands.map((command, index) => [command, outputs[index]]))
    assert.match(said['npx countersign users list'] ?? '', /grace/)
    const shown = await runCommands(['npx countersign users list'], here())
    assert.match(shown.join(''), /grace\s.*admin/)
    assert.match(said['npx countersign keys list'] ?? '', /ES256/)
    assert.match(said['npx countersign doctor'] ?? '', /DATABASE_URL/)
  })

  test('behind a TLS proxy: Secure cookies, HSTS, the address that the proxy saw', async (t) => {
    if (withoutTlsProxy !== false) {
      t.skip(withoutTlsProxy)
      return
    }
    const [command = ''] = commandsOf(findBlock('README.md', 'sh', 'TRUSTED_PROXIES=1'))
    const server = await startCommand(command, ready, here())
    const location = local(findBlock('README.md', 'nginx', 'proxy_pass')).replaceAll(
      '127.0.0.1:3000',
      `127.0.0.1:${port}`,
    )
    const proxy = await serveTls({ location, host: 'auth.example.com', port: await findFreePort() })
    try {
      // Two loopback addresses, so that the caller's is not the proxy's.
      const curl = `curl -sS --interface 127.0.0.2 ${proxy.curlOptions} -c tls.txt -b tls.txt -D -`
      const json = `-H 'content-type: application/json'`
      const body = `-d '{"username": "tess", "password": "${password}"}'`
      const forged = `-H 'x-forwarded-for: 203.0.113.66'`
      const at = `https://auth.example.com:${proxy.port}/api`
      const [registered = '', login = ''] = await runCommands(
        ['register', 'login'].map((path) => `${curl} ${json} ${forged} ${body} ${at}/auth/${path}`),
        here(),
      )
      assert.match(registered, /^HTTP\/1\.1 201/)
      assert.match(login, /^strict-transport-security: max-age=63072000; includeSubDomains\r$/im)
      const cookie = /^set-cookie: (.*)\r$/im.exec(login)?.[1] ?? ''
      assert.match(
        cookie,
        /^__Host-refreshToken=\S+; Path=\/; Max-Age=604800; HttpOnly; SameSite=Strict; Secure$/,
      )
      const csrf = /"csrfToken":"([^"]+)"/.exec(login)?.[1] ?? ''
      const refresh = `${curl} -X POST -H 'x-csrf-token: ${csrf}' ${at}/auth/refresh`
      assert.match((await runCommands([refresh], here())).join(''), /^HTTP\/1\.1 200/)

      const list = findBlock('docs/audit-events.md', 'sh', 'sqlite3')
      const events = (await runCommands(commandsOf(list), here())).join('')
      assert.match(events, /sign_in\.succeeded\|\w+\|127\.0\.0\.2/)
      assert.doesNotMatch(events, /203\.0\.113\.66/)
    } finally {
      await proxy.stop()
      await server.interrupt()
    }
  })
})

describe('CONTRIBUTING.md', () => {
  let checkout: Checkout
  before(async () => {
    checkout = await copyCheckout()
  })
  after(() => checkout.dispose())

  // `npm test` would run this test within itself, and .ci/run runs all of them; that they are there is tested above.
  test('lists the scripts that a change has to pass', () => {
    const [block] = blocksOf('CONTRIBUTING.md')
    const commands = commandsOf(block?.text ?? '')
    const ci = readFileSync(join(root, '.ci/run'), 'utf8')
    for (const command of commands) {
      assert.ok(ci.includes(command) || command === 'npm run format', command)
    }
  })

  test('the command for one test file runs that file', async () => {
    const text = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8')
    const command =
      /`(npx node --conditions=@countersign\/source --test [^`]+)`/.exec(text)?.[1] ?? ''
    const { code, out } = await run('sh', ['-c', command], { cwd: checkout.directory })
    assert.equal(code, 0, out)
    assert.match(out, /pass [1-9]/)
  })

  test('the command that writes the references leaves them as they are', async () => {
    const text = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8').replaceAll('\n', ' ')
    const command =
      /`(npx node --conditions=@countersign\/source tools\/write-reference\.ts)`/.exec(text)
    const cwd = checkout.directory
    await succeed('sh', ['-c', command?.[1] ?? 'false'], { cwd })
    for (const file of ['README.md', 'docs/problems.md']) {
      const written = readFileSync(join(cwd, file), 'utf8')
      assert.equal(written, readFileSync(join(root, file), 'utf8'), file)
    }
  })
})

test('examples/single-page-app/README.md opens the page', async () => {
  const checkout = await copyCheckout()
  const port = await findFreePort()
  const file = 'examples/single-page-app/README.md'
  const [command = ''] = commandsOf(findBlock(file, 'sh', 'npm start'))
  const cwd = join(checkout.directory, 'examples/single-page-app')
  const site = await startCommand(command, 'in two tabs', { cwd, env: { PORT: `${port}` } })
  try {
    const page = await fetch(`http://localhost:${port}/`)
    assert.match(await page.text(), /src="main\.js"/)
    const script = await fetch(`http://localhost:${port}/main.js`)
    assert.match(await script.text(), /\/greeting/)
  } finally {
    await site.interrupt()
    checkout.dispose()
  }
})

// Each with the words that say it is up, and what an anonymous caller is told.
const hosts = [
  ['express-api', 'The shop is open', '/catalogue', 200],
  ['fastify-api', 'The notes are open', '/notes', 401],
  ['hono-api', 'The notes are open', '/notes', 401],
  ['node-http', 'The notes are open', '/notes', 401],
  ['microservices', 'Three processes', '/.well-known/jwks.json', 200],
] as const

for (const [example, words, path, status] of hosts) {
  test(`examples/${example}/README.md starts it, with an administrator`, async () => {
    const checkout = await copyCheckout()
    const port = await findFreePort()
    const [command = ''] = commandsOf(findBlock(`examples/${example}/README.md`, 'sh', 'npm start'))
    const cwd = join(checkout.directory, 'examples', example)
    const server = await startCommand(command, words, { cwd, env: { PORT: `${port}` } })
    try {
      assert.equal((await fetch(`http://localhost:${port}${path}`)).status, status)
      const page = readFileSync(join(cwd, 'README.md'), 'utf8')
      for (const [, named = ''] of `${page}\n${server.output()}`.matchAll(
        /((?:\/api)?\/docs)\b/g,
      )) {
        const documentation = await fetch(`http://localhost:${port}${named}`)
        assert.equal(documentation.status, 200, named)
      }
      const login = await fetch(`http://localhost:${port}/api/auth/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ username: 'root', password: 'a phrase of your own' }),
      })
      const { user } = (await login.json()) as { user: { role: string } }
      assert.equal(user.role, 'admin')
    } finally {
      await server.interrupt()
      checkout.dispose()
    }
  })
}
