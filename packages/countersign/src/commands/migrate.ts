import { applySchemaSteps, listSchemaSteps } from '@countersign/server/database'
import type { Command } from '../command-line/command.ts'
import { exitCodes } from '../command-line/exit-codes.ts'
import { renderTable } from '../command-line/table.ts'
import { loadConfiguration } from '../configuration/load-configuration.ts'

export const migrateStatus: Command = {
  name: 'migrate status',
  summary: 'Lists the steps of the database schema, applied and pending',
  words: [],
  options: {},
  details: ['Changes nothing. Exit code 0 when every step is applied, 5 when one is pending.'],
  run: async (_call, terminal) => {
    const steps = await listSchemaSteps(loadConfiguration().settings.database)
    const rows = steps.map(({ number, name, appliedAt }) => [
      String(number),
      name,
      appliedAt === undefined ? 'pending' : `applied ${new Date(appliedAt).toISOString()}`,
    ])
    terminal.print(renderTable(['step', 'name', 'state'], rows))
    const isPending = steps.some(({ appliedAt }) => appliedAt === undefined)
    return isPending ? exitCodes.pending : exitCodes.done
  },
}

export const migrateUp: Command = {
  name: 'migrate up',
  summary: 'Applies the pending steps of the database schema',
  words: [],
  options: {},
  details: [
    'A start does it, too, unless MIGRATE_ON_START is off; then this is run before a new version is rolled out.',
    'Only one process at a time applies steps; servers of this version and the one before it run on meanwhile.',
  ],
  run: async (_call, terminal) => {
    const applied = await applySchemaSteps(loadConfiguration().settings)
    terminal.print(
      applied.length === 0
        ? 'Nothing was pending.'
        : `Applied ${applied.length} step(s): ${applied.join(', ')}.`,
    )
    return exitCodes.done
  },
}
