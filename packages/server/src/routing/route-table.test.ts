import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { defineRoute, type Method, type Route } from './route.ts'
import { createRouteTable } from './route-table.ts'

function route(method: Method, path: string): Route {
  return defineRoute(
    {
      method,
      path,
      operationId: `${method} ${path}`,
      tag: 'Test',
      summary: 'Test',
      access: 'anyone',
      counting: 'none',
      success: { status: 200, description: 'Fine' },
      problems: [],
    },
    () => ({ status: 200 }),
  )
}

const table = createRouteTable([
  route('GET', '/api/users/{id}'),
  route('DELETE', '/api/users/{id}'),
  route('DELETE', '/api/users/{id}/sessions'),
  route('GET', '/api/users/all'),
  route('GET', '/api/users'),
  route('POST', '/api/users'),
  route('GET', '/.well-known/jwks.json'),
])

function found(path: string): string | undefined {
  const match = table.find(path)
  if (match === undefined) return undefined
  const [first] = match.routes.values()
  return `${first?.contract.path} ${JSON.stringify(match.params)}`
}

describe('the table of routes', () => {
  test('finds all methods of a path, and takes its parameters out', () => {
    assert.deepEqual([...(table.find('/api/users')?.routes.keys() ?? [])], ['GET', 'POST'])
    assert.deepEqual([...(table.find('/api/users/7')?.routes.keys() ?? [])], ['GET', 'DELETE'])
    assert.equal(found('/api/users/7'), '/api/users/{id} {"id":"7"}')
    assert.equal(found('/api/users/7/sessions'), '/api/users/{id}/sessions {"id":"7"}')
    assert.equal(found('/.well-known/jwks.json'), '/.well-known/jwks.json {}')
  })

  test('prefers a fixed path to a parameter, in whichever order they were given', () => {
    assert.equal(found('/api/users/all'), '/api/users/all {}')
    assert.equal(found('/api/users/all/sessions'), '/api/users/{id}/sessions {"id":"all"}')
  })

  test('decodes parameters once, and finds nothing for what cannot be decoded', () => {
    assert.equal(found('/api/users/a%20b'), '/api/users/{id} {"id":"a b"}')
    assert.equal(found('/api/users/a%2Fb'), '/api/users/{id} {"id":"a/b"}')
    assert.equal(found('/api/users/%2561'), '/api/users/{id} {"id":"%61"}')
    for (const path of ['/api/users/%', '/api/users/%zz', '/api/users/%c3%28', '/api/users/%ff']) {
      assert.equal(found(path), undefined, path)
    }
  })

  test('finds a path only as it is written', () => {
    for (const path of [
      '',
      '/',
      '*',
      '/api',
      '/api/users/',
      '/api//users',
      '//api/users',
      '/API/users',
      '/api/Users',
      '/api/users/7/',
      '/api/users/7/sessions/',
      '/api/users/7/other',
      '/api/./users',
      '/api/%75sers',
      '/x/api/users',
      '/.well-known/jwksXjson',
    ]) {
      assert.equal(found(path), undefined, path)
    }
  })

  test('treats names that objects inherit as any other', () => {
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      assert.equal(found(`/api/users/${name}`), `/api/users/{id} {"id":"${name}"}`)
      assert.equal(found(`/${name}`), undefined)
    }
  })

  test('refuses two routes for one method and path', () => {
    assert.throws(
      () => createRouteTable([route('GET', '/a'), route('GET', '/a')]),
      /Two routes for GET \/a/,
    )
  })

  test('never throws, whatever is asked', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom('', '/', '/api/users/'), (text, before) => {
        const match = table.find(before + text)
        assert.ok(match === undefined || match.routes.size > 0)
      }),
    )
  })
})
