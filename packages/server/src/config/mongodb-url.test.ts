import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkSettings } from './check-settings.ts'
import type { CountersignOptions } from './options.ts'
import { findUnsafeOptions, parseMongodbUrl } from './mongodb-url.ts'

const secret = 'k9Xw2mQ7rT4vB8nL1pZ6sD3fG5hJ0yUa'

test('the parts of a URL are told without user and password', () => {
  const url = 'mongodb://ada:p%40ss@a.example:27017,b.example/app?retryWrites=true&W=majority'
  assert.deepEqual(parseMongodbUrl(url), {
    hosts: 'a.example:27017,b.example',
    database: 'app',
    options: new Map([
      ['retrywrites', 'true'],
      ['w', 'majority'],
    ]),
  })
  // A raw @ in a password is wrong, and still none of it is shown.
  assert.equal(parseMongodbUrl('mongodb://ada:p@ss@host/app')?.hosts, 'host')
  assert.equal(parseMongodbUrl('mongodb+srv://ada:x@cluster.example')?.hosts, 'cluster.example')
  assert.equal(parseMongodbUrl('mongodb://host')?.database, undefined)
  assert.equal(parseMongodbUrl('mongodb://host/?w=majority')?.database, undefined)
  assert.equal(parseMongodbUrl('mongodb://[::1]:27017/app')?.hosts, '[::1]:27017')
  for (const none of [
    'mongodb://',
    'mongodb:host',
    'mongodb:///app',
    'http://host',
    '',
    'mongodb://host/%zz',
  ]) {
    assert.equal(parseMongodbUrl(none), undefined, none)
  }
})

test('nothing may weaken what an acknowledgement means', () => {
  for (const query of [
    'w=1',
    'w=0',
    'W=1',
    'w=2',
    'journal=false',
    'j=false',
    'readPreference=secondaryPreferred',
    'readpreference=nearest',
    'readConcernLevel=available',
    'readConcernLevel=majority',
    'socketTimeoutMS=30000',
    'waitQueueTimeoutMS=0',
    'serverSelectionTimeoutMS=9000',
  ]) {
    assert.equal(countUnsafe(query), 1, query)
  }
  assert.equal(countUnsafe('w=1&journal=false&readPreference=secondary'), 3)
  for (const query of [
    'w=majority',
    'journal=true',
    'readPreference=primary',
    'readConcernLevel=linearizable',
    'retryWrites=true&tls=true&maxPoolSize=7',
    'socketTimeoutMS=2000&serverSelectionTimeoutMS=5000',
  ]) {
    assert.equal(countUnsafe(query), 0, query)
  }
})

test('MongoDB is configured by DATABASE_URL or by the name that tutorials use, and not by both', () => {
  const url = 'mongodb://host/app'
  for (const options of [
    { databaseUrl: url, secret },
    { mongodbUri: url, secret },
  ]) {
    const checked = check(options)
    assert.ok(checked.ok)
    assert.deepEqual(checked.settings.database, { kind: 'mongodb', url })
  }
  const both = mistakesOf(check({ databaseUrl: url, mongodbUri: url, secret }))
  assert.deepEqual(both, ['mongodbUri'])
  assert.deepEqual(mistakesOf(check({ mongodbUri: 'localhost/app', secret })), ['mongodbUri'])
  assert.deepEqual(mistakesOf(check({ databaseUrl: 'mongodb://', secret })), ['databaseUrl'])
})

test('instances that share a database share a secret and an issuer', () => {
  const options = { databaseUrl: 'mongodb://host/app' }
  assert.deepEqual(mistakesOf(checkSettings(options, { production: false })), ['secret'])
  const inProduction = checkSettings({ ...options, secret }, { production: true })
  assert.deepEqual(mistakesOf(inProduction), ['jwtIssuer'])
  const named = { ...options, secret, publicUrl: 'https://auth.example.com' }
  assert.ok(checkSettings(named, { production: true }).ok)
})

test('no message holds the password of the URL', () => {
  const checked = checkSettings(
    { databaseUrl: 'mongodb://ada:hunter22@host/app?w=1&readPreference=nearest', secret },
    { production: true },
  )
  assert.ok(!checked.ok)
  assert.doesNotMatch(JSON.stringify(checked.mistakes), /hunter22/)
})

function countUnsafe(query: string): number {
  const parts = parseMongodbUrl(`mongodb://host/app?${query}`)
  return parts ? findUnsafeOptions(parts).length : -1
}

function check(options: CountersignOptions) {
  return checkSettings(options, { production: false })
}

function mistakesOf(checked: ReturnType<typeof checkSettings>): readonly (string | undefined)[] {
  return checked.ok ? [] : checked.mistakes.map(({ option }) => option)
}
