import type { OptionReader } from './read-option.ts'

const administrator = 'admin'
const rolePattern = /^[A-Za-z][A-Za-z0-9_-]{0,31}$/

export function checkRoles(reader: OptionReader): { roles: readonly string[] } {
  const listed = reader.list('roles')
  const roles = listed.length === 0 ? ['user', administrator] : listed
  for (const role of roles) {
    if (!rolePattern.test(role)) {
      reader.refuse('roles', `"${role}" is no role name: a letter, then letters, digits, _ or -.`)
    }
  }
  if (new Set(roles).size !== roles.length) {
    reader.refuse('roles', 'A role is named twice: name it once.')
  }
  if (!roles.includes(administrator)) {
    reader.refuse('roles', `"${administrator}" is missing, and nobody could administer: add it.`)
  }
  if (roles[0] === administrator) {
    reader.refuse('roles', 'The first role is what everybody gets: put another before admin.')
  }
  return { roles }
}

export function checkAdministrator(reader: OptionReader): {
  administrator: { username: string; password: string } | undefined
} {
  const username = reader.text('adminUsername')
  const password = reader.text('adminPassword')
  if (username === undefined && password === undefined) return { administrator: undefined }
  if (username === undefined || password === undefined) {
    reader.refuse(
      username === undefined ? 'adminUsername' : 'adminPassword',
      'ADMIN_USERNAME and ADMIN_PASSWORD_FILE go together: set both or neither.',
    )
    return { administrator: undefined }
  }
  return { administrator: { username, password } }
}
