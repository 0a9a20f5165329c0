// The image itself is built where there is a builder; what can be wrong about its context and its commands shows here.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { root, succeed } from './run.fixture.ts'

const read = (name: string): string => readFileSync(join(root, name), 'utf8')

/** As far as our patterns go: from the root unless they begin with a double star, and with all that is below. */
function isIgnored(path: string): boolean {
  return read('.dockerignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .some((pattern) => {
      assert.match(pattern, /^(?:\*\*\/)?[\w./*-]+$/, 'a pattern that this test can read')
      const source = pattern
        .replace(/^\*\*\//, '')
        .replaceAll('.', '\\.')
        .replaceAll('*', '[^/]*')
      const start = pattern.startsWith('**/') ? '(?:^|/)' : '^'
      return new RegExp(`${start}${source}(?:/|$)`).test(path)
    })
}

test('the context of the image has every file of the repository, and nothing that git leaves out', async () => {
  const listed = await succeed('git', ['ls-files', '-co', '--exclude-standard'], { cwd: root })
  const tracked = listed.split('\n').filter((name) => name !== '')
  assert.ok(tracked.length > 500)
  assert.deepEqual(tracked.filter(isIgnored), [])
  // Where a secret, a database or what was built for another machine may lie in a checkout.
  const left = [
    '.env',
    'packages/countersign/.env',
    'examples/express-api/.env',
    'data/secret',
    'packages/countersign/data/secret',
    'packages/countersign/data/countersign.db-wal',
    'node_modules/x/index.js',
    'packages/server/node_modules/x/index.js',
    'packages/server/dist/index.js',
    'packages/server/tsconfig.tsbuildinfo',
    'coverage/index.html',
  ]
  const ignored = await succeed('git', ['check-ignore', ...left], { cwd: root })
  assert.deepEqual(ignored.trim().split('\n'), left, 'git leaves them out')
  assert.deepEqual(left.filter(isIgnored), left)
  assert.ok(isIgnored('.git/config'))
})

test('the image packs every package that the program is installed with, and runs as nobody special', () => {
  const dockerfile = read('Dockerfile')
  const packed = [...dockerfile.matchAll(/--workspace (packages\/[\w-]+)/g)].map(([, name]) => name)
  const { dependencies } = JSON.parse(read('packages/countersign/package.json'))
  const server = JSON.parse(read('packages/server/package.json'))
  const own = Object.keys({ ...dependencies, ...server.dependencies })
    .filter((name) => name.startsWith('@countersign/'))
    .map((name) => name.replace('@countersign', 'packages'))
  assert.deepEqual(new Set(packed), new Set([...own, 'packages/countersign']))
  const [, last = ''] = dockerfile.split(/^FROM .* AS build$/m)
  const final = last.slice(last.indexOf('\nFROM '))
  assert.match(final, /chown node:node data[\s\S]*\nUSER node\n/)
  assert.match(final, /^ENV NODE_ENV=production$/m)
  const check = /^HEALTHCHECK [\s\S]*?CMD (\[[\s\S]*?\])$/m.exec(final)?.[1]?.replace(/\\\n/g, '')
  const [command, , script] = JSON.parse(check ?? '') as string[]
  assert.equal(command, 'node')
  assert.match(
    script ?? '',
    /fetch\(`http:\/\/127\.0\.0\.1:\$\{process\.env\.PORT \?\? 3000\}\/health\/ready`\)/,
  )
  // Small, and without what builds: nothing is installed in it.
  assert.match(final, /^FROM node:26-slim$/m)
  const runs = [...final.matchAll(/^RUN (.+)$/gm)].map(([, words]) => words)
  assert.deepEqual(runs, ['mkdir data && chown node:node data && chmod 700 data'])
  const [, start = ''] = /^CMD (.+)$/m.exec(final) ?? []
  assert.deepEqual(JSON.parse(start).slice(-1), ['start'])
})
