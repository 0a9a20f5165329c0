import { optionTable } from '@countersign/server/config'
import type { Command } from './command.ts'

/** The commands, all or those of one group (`users`). */
export function renderHelp(commands: readonly Command[], group: string | undefined): string {
  const ofGroup = commands.filter(({ name }) => name.startsWith(`${group} `))
  const shown = ofGroup.length > 0 ? ofGroup : commands
  const rows = shown.map((command) => [callOf(command), command.summary] as const)
  return [
    'Countersign: accounts, rotating refresh tokens and access JWTs.',
    '',
    'Usage: countersign <command>',
    '',
    ...renderColumns(rows),
    '',
    'countersign <command> --help tells more; countersign --version is the version.',
    'Configured by the environment and ./.env; countersign doctor shows what counts.',
    'Exit codes: 0 done, 1 failed, 2 wrong usage or not confirmed, 3 wrong configuration,',
    '4 refused (no such account, name taken, last administrator), 5 schema steps pending.',
  ].join('\n')
}

export function renderCommandHelp(command: Command): string {
  const options = Object.entries(command.options).map(
    ([name, { value, meaning }]) =>
      [value === undefined ? `--${name}` : `--${name} <${value}>`, meaning] as const,
  )
  return [
    `${command.summary}.`,
    '',
    `Usage: countersign ${callOf(command)}${options.length > 0 ? ' [options]' : ''}`,
    ...(options.length > 0 ? ['', ...renderColumns(options)] : []),
    ...(command.details ? ['', ...command.details] : []),
  ].join('\n')
}

/** Every variable, for the help of `start`. */
export function renderVariables(): readonly string[] {
  const rows = optionTable.map(
    ({ environmentName, fallback, meaning }) =>
      [
        environmentName,
        `${meaning.replaceAll('`', '')} (${fallback.replaceAll('`', '')})`,
      ] as const,
  )
  return ['Variables, with their defaults:', '', ...renderColumns(rows)]
}

function callOf({ name, words }: Command): string {
  return [name, ...words.map((word) => `<${word}>`)].join(' ')
}

export function renderColumns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`)
}
