import { formatMistake, optionTable } from '@countersign/server/config'
import type { Command } from '../command-line/command.ts'
import { exitCodes } from '../command-line/exit-codes.ts'
import { renderTable } from '../command-line/table.ts'
import { adviseOn } from '../configuration/advise.ts'
import { type Configuration, readConfiguration } from '../configuration/load-configuration.ts'
import { examineData, type Finding } from '../configuration/examine-data.ts'

/** Looks and changes nothing: it opens the database for reading and makes no file. */
export const doctor: Command = {
  name: 'doctor',
  summary: 'Shows what is configured, from where, and what is wrong with it',
  words: [],
  options: {},
  details: ['Changes nothing. Exit code 3 when the server would not start.'],
  run: async (_call, terminal) => {
    const configuration = readConfiguration()
    const { settings, mistakes, warnings } = configuration
    const findings: Finding[] = settings ? await examineData(settings) : []
    const problems = [
      ...mistakes.map(formatMistake),
      ...findings.filter(({ isWrong }) => isWrong).map(({ text }) => `- ${text}`),
    ]
    const advice = [
      ...warnings.map(formatMistake),
      ...(settings ? adviseOn(settings).map((text) => `- ${text}`) : []),
    ]
    const facts = findings.filter(({ isWrong }) => !isWrong).map(({ text }) => `- ${text}`)
    terminal.print(
      [
        `Node ${process.version}, working directory ${process.cwd()}`,
        '',
        renderOptions(configuration),
        ...section('Found:', facts),
        ...section('Advice:', advice),
        ...section('Wrong:', problems),
        '',
        problems.length > 0 ? 'The server does not start like this.' : 'The server can start.',
      ].join('\n'),
    )
    return problems.length > 0 ? exitCodes.configuration : exitCodes.done
  },
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length > 0 ? ['', title, ...lines] : []
}

function renderOptions({ options, sources }: Configuration): string {
  const rows = optionTable.map(({ name, environmentName, fallback, isSecret, mayHoldPassword }) => {
    const source = sources.get(name)
    if (source === undefined) return [environmentName, fallback.replaceAll('`', ''), 'default']
    const value = valueOf(name, options[name])
    const shown = mayHoldPassword ? withoutPassword(value) : value
    return [environmentName, isSecret ? '(secret, set)' : shown, source]
  })
  return renderTable(['variable', 'value', 'from'], rows)
}

function valueOf(name: string, value: unknown): string {
  if (name === 'production') return value === true ? 'production' : 'development'
  return String(value)
}

// Everything between the user and the last @: what is left out too much is no loss, and a password may hold anything.
function withoutPassword(url: string): string {
  return url.replace(/^([a-z+]+:\/\/[^:]*):.*@/s, '$1:***@')
}
