// The program: the command line round @countersign/server. It owns the environment, the terminal, the log and the
// listening socket; everything that authenticates is in the library.

import { commands } from './commands/commands.ts'
import { exitCodes } from './command-line/exit-codes.ts'
import { findCommand } from './command-line/find-command.ts'
import { renderCommandHelp, renderHelp } from './command-line/help.ts'
import { parseCall, UsageError } from './command-line/parse-call.ts'
import { createTerminal, type Terminal } from './command-line/terminal.ts'
import { explainFailure } from './command-line/explain-failure.ts'
import { version } from '@countersign/server'

/** Runs one command and answers its exit code; see exitCodes. */
export async function main(
  words: readonly string[],
  terminal: Terminal = createTerminal(),
): Promise<number> {
  try {
    return await run(words, terminal)
  } catch (error) {
    const { message, exitCode } = explainFailure(error)
    terminal.complain(message)
    return exitCode
  }
}

async function run(words: readonly string[], terminal: Terminal): Promise<number> {
  const [first] = words
  if (first === '--version' || first === '-v') {
    terminal.print(version)
    return exitCodes.done
  }
  if (first === '--help' || first === '-h' || first === 'help') {
    const topic = words.slice(1)
    const command = findCommand(commands, topic)
    terminal.print(command ? renderCommandHelp(command) : renderHelp(commands, topic[0]))
    return exitCodes.done
  }
  // Bare `countersign`, with or without options, starts the server.
  const call = first === undefined || first.startsWith('-') ? ['start', ...words] : words
  const command = findCommand(commands, call)
  const rest = command ? call.slice(command.name.split(' ').length) : call.slice(1)
  if (command === undefined) {
    const isGroup = commands.some(({ name }) => name.startsWith(`${call[0]} `))
    const wantsHelp = rest.some((word) => word === '--help' || word === '-h')
    if (isGroup && wantsHelp) {
      terminal.print(renderHelp(commands, call[0]))
      return exitCodes.done
    }
    const wanted = isGroup ? `countersign ${call[0]} --help` : 'countersign --help'
    throw new UsageError(`There is no command "${call.join(' ')}": see ${wanted}.`)
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    terminal.print(renderCommandHelp(command))
    return exitCodes.done
  }
  return command.run(parseCall(command, rest), terminal)
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2))
