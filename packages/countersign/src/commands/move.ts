import { readFileSync } from 'node:fs'
import { type DatabaseSettings, parseDatabaseUrl } from '@countersign/server/config'
import { moveDatabase, undoMove } from '@countersign/server/database'
import type { Command, CommandCall } from '../command-line/command.ts'
import { exitCodes } from '../command-line/exit-codes.ts'
import { UsageError } from '../command-line/parse-call.ts'
import type { Terminal } from '../command-line/terminal.ts'
import { loadConfiguration } from '../configuration/load-configuration.ts'
import { renderMoved, renderUndone } from '../move/move-report.ts'

export const move: Command = {
  name: 'move',
  summary: 'Takes everything to another database, exactly or not at all',
  words: [],
  options: {
    to: { value: 'url', meaning: 'An empty database: postgres://…, mongodb://… or sqlite:<file>' },
    undo: { meaning: 'Lets the configured database, which was moved away, serve again' },
    yes: { meaning: 'Does not ask, with --undo' },
  },
  details: [
    'Stop every instance first; one that runs is noticed or shut out. Accounts, sessions, keys, factors,',
    'revocations, used codes, counters of attempts, mails and audit events go along as they are: no client',
    'notices. They are read back and compared before the new database may serve, and the old one is marked',
    'and refuses to. A move that was interrupted is run again.',
    '',
    'A URL with a password stands in the list of processes: set MOVE_TO to it, or MOVE_TO_FILE to a file',
    'that holds it, instead of giving --to.',
    '',
    'The way back is another move, from there to an empty database. Only when the new one is lost or never',
    'served, --undo takes the mark from the old one, which then is what it was at the move: as with a backup,',
    'what was revoked or used up since counts again, and the new one must not serve beside it.',
  ],
  run: async (call, terminal) => {
    const { database, secrets } = loadConfiguration().settings
    if (call.flags.has('undo')) return undo(call, database, terminal)
    const target = readTarget(call)
    terminal.complain('Copying. Nothing serves until it is done.')
    const report = await moveDatabase(database, target, {
      onProgress: createProgress(terminal),
    })
    terminal.print(renderMoved(report, { source: database, target, secrets }))
    return exitCodes.done
  },
}

async function undo(call: CommandCall, database: DatabaseSettings, terminal: Terminal) {
  if (call.values.has('to')) throw new UsageError('Give --to or --undo, not both.')
  if (!call.flags.has('yes')) await confirm(terminal)
  terminal.print(renderUndone(await undoMove(database)))
  return exitCodes.done
}

async function confirm(terminal: Terminal): Promise<void> {
  if (!terminal.isInteractive) {
    throw new UsageError('There is no terminal to ask: --yes undoes the move without a question.')
  }
  const question =
    'What happened in the new database is lost here, revocations included, and it must not serve any more.\n' +
    'Type undo to go on: '
  if ((await terminal.ask(question)) !== 'undo') throw new UsageError('Nothing was changed.')
}

/** From --to, or from a variable or a file, as every secret. */
function readTarget(call: CommandCall): DatabaseSettings {
  const { MOVE_TO: variable = '', MOVE_TO_FILE: file = '' } = process.env
  const given = [call.values.get('to') ?? '', variable, file].filter((text) => text !== '')
  if (given.length !== 1) {
    throw new UsageError('Give one of --to <url>, MOVE_TO and MOVE_TO_FILE.')
  }
  const parsed = parseDatabaseUrl(file === '' ? (given[0] ?? '') : readUrlFile(file))
  if (parsed.ok) return parsed.database
  throw new UsageError(`The database to move to: ${parsed.mistakes.join(' ')}`)
}

function readUrlFile(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    throw new UsageError(`The file ${file} cannot be read: correct its path or its permissions.`, {
      cause: error,
    })
  }
}

const progressEvery = 2_000

function createProgress(terminal: Terminal): (table: string, rows: number) => void {
  return (table, rows) => {
    if (rows % progressEvery === 0) terminal.complain(`${table}: ${rows} …`)
  }
}
