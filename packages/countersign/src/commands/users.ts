import type { AccountFailure, Countersign } from '@countersign/server'
import type { Command } from '../command-line/command.ts'
import { type ExitCode, exitCodes } from '../command-line/exit-codes.ts'
import { UsageError } from '../command-line/parse-call.ts'
import { renderTable } from '../command-line/table.ts'
import type { Terminal } from '../command-line/terminal.ts'
import { useCountersign } from '../configuration/use-countersign.ts'

export type FoundAccount = NonNullable<Awaited<ReturnType<Countersign['accounts']['find']>>>

/** Runs an act on the account of this name or id, and explains what the library refuses. */
export function withAccount(
  name: string,
  terminal: Terminal,
  act: (auth: Countersign, account: FoundAccount) => Promise<ExitCode>,
): Promise<ExitCode> {
  return useCountersign(async (auth) => {
    const account = await auth.accounts.find(name)
    if (account !== undefined) return act(auth, account)
    terminal.complain(`There is no account "${name}".`)
    return exitCodes.refused
  })
}

export function explainRefusal(failure: AccountFailure, terminal: Terminal): ExitCode {
  terminal.complain(failure.message)
  switch (failure.reason) {
    case 'invalid_username':
    case 'invalid_email':
    case 'unknown_role':
    case 'weak_password':
      return exitCodes.usage
    case 'username_taken':
    case 'not_found':
    case 'last_admin':
      return exitCodes.refused
    case 'busy':
      return exitCodes.failed
  }
}

const pageSize = 500

export const usersList: Command = {
  name: 'users list',
  summary: 'Lists the accounts',
  words: [],
  options: {
    search: { value: 'part', meaning: 'Only those with this in their name' },
    json: { meaning: 'As one JSON object a line' },
  },
  run: (call, terminal) =>
    useCountersign(async (auth) => {
      const accounts = await listAll(auth, call.values.get('search'))
      if (call.flags.has('json')) {
        for (const account of accounts) terminal.print(JSON.stringify(account))
        return exitCodes.done
      }
      const rows = accounts.map(({ id, username, role, disabled, createdAt }) => [
        username,
        role,
        disabled ? 'disabled' : 'active',
        createdAt,
        id,
      ])
      terminal.print(renderTable(['username', 'role', 'state', 'created', 'id'], rows))
      return exitCodes.done
    }),
}

async function listAll(auth: Countersign, part: string | undefined): Promise<FoundAccount[]> {
  const all: FoundAccount[] = []
  for (;;) {
    const afterId = all.at(-1)?.id
    const page = await auth.accounts.list({
      limit: pageSize,
      ...(afterId !== undefined && { afterId }),
      ...(part !== undefined && { q: part }),
    })
    all.push(...page)
    if (page.length < pageSize) return all
  }
}

export const usersSetRole: Command = {
  name: 'users set-role',
  summary: 'Gives an account another role, at once',
  words: ['username', 'role'],
  options: {},
  run: (call, terminal) => {
    const [name = '', role = ''] = call.words
    return withAccount(name, terminal, async (auth, { id, username }) => {
      const result = await auth.accounts.setRole(id, role)
      if (!result.ok) return explainRefusal(result, terminal)
      terminal.print(`${username} has the role ${role}.`)
      return exitCodes.done
    })
  },
}

export const usersDisable: Command = {
  name: 'users disable',
  summary: 'Locks an account out and ends its sessions',
  words: ['username'],
  options: {},
  run: (call, terminal) => setDisabled(call.words[0] ?? '', true, terminal),
}

export const usersEnable: Command = {
  name: 'users enable',
  summary: 'Lets a disabled account log in again',
  words: ['username'],
  options: {},
  run: (call, terminal) => setDisabled(call.words[0] ?? '', false, terminal),
}

function setDisabled(name: string, disabled: boolean, terminal: Terminal): Promise<ExitCode> {
  return withAccount(name, terminal, async (auth, { id, username }) => {
    const result = await auth.accounts.setDisabled(id, disabled)
    if (!result.ok) return explainRefusal(result, terminal)
    terminal.print(
      disabled
        ? `${username} is disabled, and every session has ended.`
        : `${username} may log in again.`,
    )
    return exitCodes.done
  })
}

export const usersDelete: Command = {
  name: 'users delete',
  summary: 'Deletes an account, its personal data and its sessions',
  words: ['username'],
  options: { yes: { meaning: 'Does not ask' } },
  run: (call, terminal) =>
    withAccount(call.words[0] ?? '', terminal, async (auth, { id, username }) => {
      if (!call.flags.has('yes')) await confirm(username, terminal)
      const result = await auth.accounts.delete(id)
      if (!result.ok) return explainRefusal(result, terminal)
      terminal.print(`${username} is deleted.`)
      return exitCodes.done
    }),
}

async function confirm(username: string, terminal: Terminal): Promise<void> {
  if (!terminal.isInteractive) {
    throw new UsageError('There is no terminal to ask: --yes deletes without a question.')
  }
  const answer = await terminal.ask(`Type ${username} to delete the account for good: `)
  if (answer !== username) throw new UsageError('Nothing was deleted.')
}
