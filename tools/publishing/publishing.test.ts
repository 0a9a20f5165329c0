// What is published: its files, its doors, its types, and that it runs where it is installed.

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { bearer, createSite, signUp } from '../../packages/server/src/library.fixture.ts'
import { commandsOf, findBlock } from '../documents/blocks.ts'
import {
  findFreePort,
  runCommands,
  type RunningCommand,
  startCommand,
} from '../documents/shell.fixture.ts'
import { installPackages, type Packed, packPackages, type Project } from './installed.fixture.ts'
import { root, run, succeed } from './run.fixture.ts'

let packed: Packed
before(async () => {
  packed = await packPackages()
})
after(() => packed.dispose())

describe('a tarball', () => {
  test('holds what is built, its documents and nothing else', () => {
    for (const { name, files } of packed.tarballs) {
      const unwanted = files.filter(
        (file) =>
          !/^(package\.json|README\.md|LICENSE)$/.test(file) &&
          !/^dist\/.*(?<!\.(test|fixture))\.(js|js\.map|d\.ts)$/.test(file) &&
          !/^bin\/[\w-]+\.js$|^data\/|^(?:documentation|account)-page\/[\w-]+\.(js|html|css|svg)$/.test(
            file,
          ),
      )
      assert.deepEqual(unwanted, [], name)
      assert.ok(
        files.some((file) => file.startsWith('dist/')),
        name,
      )
      assert.ok(files.includes('README.md') && files.includes('LICENSE'), name)
      assert.ok(!files.some((file) => /\.(test|fixture)\./.test(file)), name)
    }
  })

  test('carries the licence of the project', () => {
    const licence = readFileSync(join(root, 'LICENSE'), 'utf8')
    for (const { workspace } of packed.tarballs) {
      assert.equal(readFileSync(join(root, workspace, 'LICENSE'), 'utf8'), licence, workspace)
    }
  })

  test('passes publint', async () => {
    for (const { name, path } of packed.tarballs) {
      const tarball = new Uint8Array(readFileSync(path)).buffer
      const { messages, pkg } = await publint({ pack: { tarball }, strict: true })
      const found = messages.map((message) => formatMessage(message, pkg))
      assert.deepEqual(found, [], name)
    }
  })

  test('has types that every importer resolves (attw)', async () => {
    for (const { path } of packed.tarballs) {
      await succeed('attw', [path, '--profile', 'esm-only', '--no-color'], { cwd: root })
    }
  })
})

describe('installed in an empty project', () => {
  let project: Project
  let port: number
  before(async () => {
    const others = ['express', '@types/express', '@types/node', 'typescript']
    project = await installPackages(packed.tarballs, others)
    port = await findFreePort()
  })
  after(() => project.dispose())

  const here = () => ({ cwd: project.directory, env: { PORT: String(port) } })
  const example = (file: string, part: string): string =>
    findBlock(file, 'js', part)
      .replace('app.listen(3000)', `app.listen(${port}, () => console.log('listening'))`)
      .replaceAll('https://auth.example.com', `http://localhost:${port}`)
  const start = (file: string, part: string): Promise<RunningCommand> => {
    writeFileSync(join(project.directory, 'example.js'), example(file, part))
    return startCommand('node example.js', 'listening', here())
  }

  test('by the commands that the READMEs name', () => {
    // From the tarballs, as nothing is published yet when this runs.
    for (const { name, workspace, files } of packed.tarballs) {
      assert.ok(files.includes('README.md'), workspace)
      if (name === 'countersign') continue
      const [command] = commandsOf(findBlock(`${workspace}/README.md`, 'sh', 'npm install'))
      assert.equal(command, `npm install ${name}`)
    }
  })

  test('the program says what it can do', async () => {
    const [help = '', version = ''] = await runCommands(
      ['npx --no-install countersign --help', 'npx --no-install countersign --version'],
      here(),
    )
    assert.match(help, /users add/)
    const manifest = readFileSync(join(root, 'packages/countersign/package.json'), 'utf8')
    assert.equal(version.trim(), JSON.parse(manifest).version)
  })

  test('the program serves from dist, as packages/countersign/README.md has it', async () => {
    const [first = ''] = commandsOf(findBlock('packages/countersign/README.md', 'sh', 'start'))
    const server = await startCommand(first, 'Ctrl-C stops the server.', here())
    try {
      const add = commandsOf(findBlock('packages/countersign/README.md', 'sh', 'users add'))
      const [said = ''] = await runCommands(add, here())
      const [, password = ''] = /Password: (\S+)/.exec(said) ?? []
      const site = createSite(`http://localhost:${port}`, fetch)
      const body = { username: 'root', password }
      const login = await site.call('POST', '/api/auth/login', { body })
      assert.equal(login.json().user.role, 'admin')
      assert.match((await site.call('GET', '/docs')).text, /<title>/)
      assert.equal((await site.call('GET', '/docs/main.js')).status, 200)

      const ada = { username: 'ada', password: 'analytical engine 1843' }
      await site.call('POST', '/api/auth/register', { body: ada })
      writeFileSync(
        join(project.directory, 'client.js'),
        example('packages/client/README.md', 'createClient'),
      )
      const [output] = await runCommands(['node client.js'], here())
      assert.deepEqual(output?.trim().split('\n'), ['ada', '200'], 'packages/client/README.md')
    } finally {
      await server.interrupt()
    }
  })

  for (const file of ['README.md', 'packages/server/README.md']) {
    test(`the Express example of ${file} runs`, async () => {
      const host = await start(file, 'expressGuards')
      try {
        const site = createSite(`http://localhost:${port}`, fetch)
        assert.equal((await site.call('GET', '/orders')).status, 401)
        const name = file === 'README.md' ? 'ada2' : 'ada3'
        const { token } = await signUp(site, name)
        assert.equal((await site.call('GET', '/orders', bearer(token))).json().of, name)
        assert.equal((await site.call('GET', '/reports', bearer(token))).status, 403)
        assert.match((await site.call('GET', '/api/docs')).text, /<title>/)
      } finally {
        await host.interrupt()
      }
    })
  }

  test('the Express example of packages/verify/README.md runs beside the program', async () => {
    const [command = ''] = commandsOf(findBlock('packages/countersign/README.md', 'sh', 'start'))
    const issuer = await startCommand(command, 'Ctrl-C stops the server.', here())
    try {
      const issuerUrl = `http://localhost:${port}`
      const { token } = await signUp(createSite(issuerUrl, fetch), 'ada4')
      const apiPort = await findFreePort()
      const source = findBlock('packages/verify/README.md', 'ts', 'expressGuards')
        .replace('https://auth.example.com', issuerUrl)
        .replace('https://api.example.com', issuerUrl)
        .replace('app.listen(4000)', `app.listen(${apiPort}, () => console.log('listening'))`)
      writeFileSync(join(project.directory, 'api.mts'), source)
      const api = await startCommand('node api.mts', 'listening', here())
      try {
        const site = createSite(`http://localhost:${apiPort}`, fetch)
        assert.equal((await site.call('GET', '/orders')).status, 401)
        const own = await site.call('GET', '/orders', bearer(token))
        assert.equal(own.status, 200, own.text)
        assert.equal((await site.call('GET', '/reports', bearer(token))).status, 403)
        assert.equal((await site.call('GET', '/keys', bearer(token))).status, 200)
        assert.equal((await site.call('GET', '/keys', bearer(`${token}x`))).status, 401)
      } finally {
        await api.interrupt()
      }
    } finally {
      await issuer.interrupt()
    }
  })

  test('an Express application compiles against the published types', async () => {
    const cwd = project.directory
    const source = join(root, 'packages/server/src/express.types.fixture.ts')
    writeFileSync(join(cwd, 'host.ts'), readFileSync(source))
    for (const more of [{}, { exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true }]) {
      const compilerOptions = {
        target: 'ES2022',
        module: 'NodeNext',
        strict: true,
        skipLibCheck: true,
        types: ['node'],
        noEmit: true,
        ...more,
      }
      writeFileSync(
        join(cwd, 'tsconfig.json'),
        JSON.stringify({ compilerOptions, files: ['host.ts'] }),
      )
      const { out } = await run('npx', ['--no-install', 'tsc', '-p', '.'], { cwd })
      assert.equal(out, '')
    }
  })
})

test('no file, export or dependency is left over (knip)', async () => {
  await succeed('knip', ['--no-progress'], { cwd: root })
})
