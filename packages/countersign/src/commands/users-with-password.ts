import { administratorRole } from '@countersign/server'
import type { Command } from '../command-line/command.ts'
import { exitCodes } from '../command-line/exit-codes.ts'
import { obtainPassword, passwordOptions } from '../command-line/obtain-password.ts'
import { UsageError } from '../command-line/parse-call.ts'
import { loadConfiguration } from '../configuration/load-configuration.ts'
import { useCountersign } from '../configuration/use-countersign.ts'
import { explainRefusal, withAccount } from './users.ts'

export const usersAdd: Command = {
  name: 'users add',
  summary: 'Makes an account',
  words: ['username'],
  options: {
    admin: { meaning: 'Makes it an administrator' },
    role: { value: 'role', meaning: 'One of ROLES (default: the first of them)' },
    email: { value: 'address', meaning: 'An address, as a note' },
    ...passwordOptions,
  },
  details: ['The password is asked for unless an option says where it comes from.'],
  run: async (call, terminal) => {
    const [username = ''] = call.words
    const isAdmin = call.flags.has('admin')
    const role = isAdmin ? administratorRole : call.values.get('role')
    if (isAdmin && call.values.has('role'))
      throw new UsageError('Give --admin or --role, not both.')
    // A mistake in the configuration is told before anybody types a password.
    loadConfiguration()
    const { password, isGenerated } = await obtainPassword(call, terminal)
    return useCountersign(async (auth) => {
      const email = call.values.get('email') ?? null
      const wish = { username, password, email, ...(role !== undefined && { role }) }
      const result = await auth.accounts.create(wish)
      if (!result.ok) return explainRefusal(result, terminal)
      if (result.warning !== undefined) terminal.complain(renderWarning(result.warning))
      terminal.print(`${result.account.username} is there, with the role ${result.account.role}.`)
      if (isGenerated) terminal.print(`Password: ${password}`)
      return exitCodes.done
    })
  },
}

export const usersSetPassword: Command = {
  name: 'users set-password',
  summary: 'Sets a new password and ends every session of the account',
  words: ['username'],
  options: passwordOptions,
  run: async (call, terminal) => {
    const [name = ''] = call.words
    loadConfiguration()
    const { password, isGenerated } = await obtainPassword(call, terminal)
    return withAccount(name, terminal, async (auth, { id, username }) => {
      const result = await auth.accounts.setPassword(id, password)
      if (!result.ok) return explainRefusal(result, terminal)
      if (result.warning !== undefined) terminal.complain(renderWarning(result.warning))
      terminal.print(`${username} has a new password, and every session has ended.`)
      if (isGenerated) terminal.print(`Password: ${password}`)
      return exitCodes.done
    })
  },
}

function renderWarning(warning: string): string {
  switch (warning) {
    case 'common':
      return 'Warning: the password is one of the most common ones, which are tried first.'
    case 'context':
      return 'Warning: the password is little more than a name that anybody would try.'
    default:
      return `Warning: the password is weak (${warning}).`
  }
}
