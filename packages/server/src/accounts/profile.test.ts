import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestAccount } from './account.fixture.ts'
import { toAdministeredProfile, toProfile } from './profile.ts'

const account = createTestAccount({ email: 'ada@example.org', updatedAt: Date.UTC(2031, 0, 1) })

test('a profile shows what its owner may see, and nothing more', () => {
  assert.deepEqual(toProfile(account), {
    id: account.id,
    username: 'ada',
    email: 'ada@example.org',
    emailVerified: false,
    role: 'user',
    roles: ['user'],
    createdAt: '2030-01-01T00:00:00.000Z',
    updatedAt: '2031-01-01T00:00:00.000Z',
  })
})

test('a profile without an address has no such member', () => {
  assert.equal('email' in toProfile({ ...account, email: null }), false)
})

test('administrators see whether it is disabled; nobody sees hash and epochs', () => {
  const shown = toAdministeredProfile({ ...account, disabled: true })
  assert.equal(shown.disabled, true)
  assert.deepEqual(
    Object.keys(shown).filter((name) => /hash|epoch|password/i.test(name)),
    [],
  )
})
