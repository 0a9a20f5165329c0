import { closeSync, openSync, writeSync } from 'node:fs'
import type { Command, CommandCall } from '../command-line/command.ts'
import { exitCodes } from '../command-line/exit-codes.ts'
import { UsageError } from '../command-line/parse-call.ts'
import type { Terminal } from '../command-line/terminal.ts'
import { useCountersign } from '../configuration/use-countersign.ts'
import { importTutorial as run } from '../import-tutorial/import-tutorial.ts'
import { openTutorialSource, type TutorialSource } from '../import-tutorial/tutorial-source.ts'

export const importTutorial: Command = {
  name: 'import tutorial',
  summary: 'Takes the accounts over from the MongoDB of the tutorial',
  words: [],
  options: {
    from: { value: 'url', meaning: 'Its MongoDB: mongodb://<host>/<database>' },
    collection: { value: 'name', meaning: 'Where its users are (default: users)' },
    ids: { value: 'file', meaning: 'Writes there which id became which, a line of JSON each' },
    'dry-run': { meaning: 'Tells what would happen, and imports nothing' },
  },
  details: [
    'Reads username, password (bcrypt), role, email, createdAt and updatedAt. Old passwords go on',
    'working, and are hashed anew at the next log-in. Nothing is overwritten there or here, and a',
    'second run imports what came since. A URL with a password stands in the list of processes:',
    'set IMPORT_FROM to it instead of giving --from. Exit code 4 when something was left out; the',
    'list says what and why.',
  ],
  run: async (call, terminal) => {
    const url = call.values.get('from') ?? process.env['IMPORT_FROM'] ?? ''
    if (url === '') throw new UsageError('Give --from <url>, or set IMPORT_FROM.')
    const source = await openTutorialSource(url, call.values.get('collection') ?? 'users')
    try {
      return await importFrom(source, call, terminal)
    } finally {
      await source.close()
    }
  },
}

async function importFrom(source: TutorialSource, call: CommandCall, terminal: Terminal) {
  const dryRun = call.flags.has('dry-run')
  const total = await source.count()
  return useCountersign(async (auth) => {
    terminal.complain(`Reading ${total} document(s) of ${source.description}`)
    const ids = openIdFile(call.values.get('ids'))
    const report = await run(auth, source, {
      dryRun,
      onProgress: (read) => terminal.complain(`${read} of ${total} …`),
      onIdentity: ids.write,
    })
    ids.close()
    terminal.print(report.render({ roles: auth.settings.roles, dryRun }))
    return report.leftOut > 0 ? exitCodes.refused : exitCodes.done
  })
}

function openIdFile(file: string | undefined) {
  if (file === undefined) return { write: () => undefined, close: () => undefined }
  const descriptor = open(file)
  return {
    write: (from: string, to: string) => {
      writeSync(descriptor, `${JSON.stringify({ from, to })}\n`)
    },
    close: () => closeSync(descriptor),
  }
}

function open(file: string): number {
  try {
    return openSync(file, 'w', 0o600)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UsageError(`Cannot write ${file}: ${reason}`, { cause: error })
  }
}
