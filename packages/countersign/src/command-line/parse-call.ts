import { parseArgs } from 'node:util'
import type { Command, CommandCall } from './command.ts'

/** The caller's mistake: told in one line, with the help beside it. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export function parseCall(command: Command, rest: readonly string[]): CommandCall {
  const options = Object.fromEntries(
    Object.entries(command.options).map(([name, option]) => [
      name,
      { type: option.value === undefined ? ('boolean' as const) : ('string' as const) },
    ]),
  )
  const { values, positionals } = parse(command, rest, options)
  const { words } = command
  const help = `See countersign ${command.name} --help.`
  const missing = words[positionals.length]
  if (missing !== undefined) throw new UsageError(`<${missing}> is missing. ${help}`)
  if (positionals.length > words.length) {
    throw new UsageError(`"${positionals[words.length]}" is one word too many. ${help}`)
  }
  const given = Object.entries(values)
  return {
    words: positionals,
    flags: new Set(given.filter(([, value]) => value === true).map(([name]) => name)),
    values: new Map(
      given.flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
    ),
  }
}

function parse(
  command: Command,
  rest: readonly string[],
  options: Record<string, { type: 'boolean' | 'string' }>,
) {
  try {
    return parseArgs({ args: [...rest], options, allowPositionals: true, strict: true })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UsageError(`${reason} See countersign ${command.name} --help.`, { cause: error })
  }
}
