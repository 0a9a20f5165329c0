import { createCountersign } from '@countersign/server'
import type { Command } from '../command-line/command.ts'
import { exitCodes } from '../command-line/exit-codes.ts'
import { loadConfiguration } from '../configuration/load-configuration.ts'

/** Needs no database: the contract is the same on all of them. */
export const openapi: Command = {
  name: 'openapi',
  summary: 'Prints the OpenAPI 3.1 document of the API',
  words: [],
  options: {},
  run: async (_call, terminal) => {
    const { settings } = loadConfiguration()
    const auth = await createCountersign({
      production: false,
      databaseUrl: 'sqlite::memory:',
      publicUrl: settings.publicUrl,
      roles: settings.roles,
    })
    try {
      terminal.print(JSON.stringify(auth.openapi(), null, 2))
    } finally {
      await auth.close()
    }
    return exitCodes.done
  },
}
