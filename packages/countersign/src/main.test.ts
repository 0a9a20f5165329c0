import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commands } from './commands/commands.ts'
import { createProgram } from './program.fixture.ts'

test('every command has help that says how it is called', async (t) => {
  const program = createProgram(t)
  const all = await program.run(['--help'])
  assert.equal(all.code, 0)
  for (const { name, summary } of commands) {
    assert.ok(all.out.includes(name) && all.out.includes(summary), name)
  }
  const outcomes = await Promise.all(
    commands.map(({ name }) => program.run([...name.split(' '), '--help'])),
  )
  outcomes.forEach(({ code, out }, index) => {
    assert.equal(code, 0)
    assert.ok(out.includes(`Usage: countersign ${commands[index]?.name}`))
  })
  const group = await program.run(['users', '--help'])
  assert.equal(group.code, 0)
  assert.ok(group.out.includes('users set-role'))
})

test('tells a wrong call from a good one by the exit code', async (t) => {
  const program = createProgram(t)
  for (const words of [
    ['nonsense'],
    ['users', 'nonsense'],
    ['users', 'list', 'extra'],
    ['users', 'list', '--nonsense'],
    ['users', 'set-role', 'ada'],
    ['--nonsense'],
  ]) {
    const outcome = await program.run(words)
    assert.equal(outcome.code, 2, words.join(' '))
    assert.equal(outcome.out, '')
    assert.match(outcome.err, /--help/)
  }
  assert.match((await program.run(['--version'])).out, /^\d+\.\d+\.\d+\n$/)
})

test('rotates keys: the next one first, or at once when one leaked', async (t) => {
  const program = createProgram(t)
  assert.deepEqual(states((await program.run(['keys', 'list'])).out), ['active'])
  assert.deepEqual(states((await program.run(['keys', 'rotate'])).out), ['active', 'next'])
  assert.deepEqual(states((await program.run(['keys', 'rotate', '--now'])).out), ['active'])
})

test('another master secret than that of the keys is a mistake of the configuration, to every command', async (t) => {
  const program = createProgram(t)
  const [one, other] = ['Vb3nq0TjYf1xLw9sKzR7uEhD5mGaPcQ2', 'pQ8sT2wX5zB7dF0hJ4kM6nR9vC1yA3eG']
  await program.run(['keys', 'list'], { variables: { COUNTERSIGN_SECRET: one } })
  for (const words of [['start'], ['keys', 'list'], ['users', 'list']]) {
    const outcome = await program.run(words, {
      variables: { COUNTERSIGN_SECRET: other, LOG_LEVEL: 'error' },
    })
    assert.equal(outcome.code, 3, words.join(' '))
    assert.match(outcome.err, /- COUNTERSIGN_SECRET: .*another master secret: put the one .* back/)
    assert.doesNotMatch(outcome.err, /Unexpected|^\s+at /m)
  }
})

test('keys that JWT_SECRET stands for are not rotated, which is a refusal', async (t) => {
  const program = createProgram(t)
  const variables = { JWT_SECRET: 'Vb3nq0TjYf1xLw9sKzR7uEhD5mGaPcQ2' }
  for (const words of [
    ['keys', 'rotate'],
    ['keys', 'rotate', '--now'],
  ]) {
    const outcome = await program.run(words, { variables })
    assert.equal(outcome.code, 4, outcome.err)
    assert.match(outcome.err, /^With JWT_SECRET the key is that secret: change it and restart\.$/m)
    assert.doesNotMatch(outcome.err, /Unexpected|^\s+at /m)
  }
})

test('prints the OpenAPI document without touching a database', async (t) => {
  const program = createProgram(t)
  const { code, out } = await program.run(['openapi'])
  assert.equal(code, 0)
  const document = JSON.parse(out) as { openapi: string; paths: object }
  assert.match(document.openapi, /^3\.1/)
  assert.ok('/api/auth/refresh' in document.paths)
  const { readdirSync } = await import('node:fs')
  assert.deepEqual(readdirSync(program.directory), [])
})

test('ends quietly when whoever reads its results has read enough', async (t) => {
  const program = createProgram(t)
  for (const words of [['openapi'], ['start', '--help'], ['doctor']]) {
    const command = program.begin(words)
    // As `head` does that wants nothing more.
    command.child.stdout?.destroy()
    await command.ended
    assert.equal(command.output(), '', words.join(' '))
    assert.equal(command.child.exitCode, 0, words.join(' '))
  }
})

function states(out: string): (string | undefined)[] {
  return [...out.matchAll(/ (active|next|retired) /g)].map(([, state]) => state)
}
