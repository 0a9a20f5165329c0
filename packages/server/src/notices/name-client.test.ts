import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nameClient } from './name-client.ts'

test('a program is called what its owner would call it', () => {
  const names = {
    'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0': 'Firefox on Linux',
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0':
      'Edge on Windows',
    'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36':
      'Chrome on Android',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1':
      'Safari on iPhone',
    'curl/8.14.1': 'curl',
    node: 'node',
    'My-App/2 (build 7)': 'My-App',
  }
  for (const [userAgent, name] of Object.entries(names)) assert.equal(nameClient(userAgent), name)
})

test('nobody chooses the words of a mail', () => {
  const spoofs = [
    null,
    '',
    'https://evil.example/restore',
    'evil.example/restore',
    '<a href="//evil.example">Restore</a>',
    `${'x'.repeat(33)}/1`,
  ]
  for (const userAgent of spoofs) assert.equal(nameClient(userAgent), 'an unnamed program')
  assert.equal(nameClient('Locked: https://evil.example Firefox/1'), 'Firefox')
  assert.equal(nameClient('Locked. Go to evil.example, please'), 'an unnamed program')
})
