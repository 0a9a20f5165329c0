import type { Command } from '../command-line/command.ts'
import { exitCodes } from '../command-line/exit-codes.ts'
import { renderTable } from '../command-line/table.ts'
import { useCountersign } from '../configuration/use-countersign.ts'

export const servicesAdd: Command = {
  name: 'services add',
  summary: 'Makes the credential of a service that verifies tokens',
  words: ['name'],
  options: { json: { meaning: 'As one JSON object' } },
  details: [
    'With it the service follows the revocation feed and introspects tokens. The secret is shown',
    'this once and kept nowhere: hand it to the service at once.',
  ],
  run: (call, terminal) =>
    useCountersign(async (auth) => {
      const added = await auth.services.add(call.words[0] ?? '')
      if (added.ok) {
        const { id, name } = added.service
        if (call.flags.has('json')) {
          terminal.print(JSON.stringify({ id, name, secret: added.secret }))
        } else {
          terminal.print(`Service  ${name}\nId       ${id}\nSecret   ${added.secret}`)
        }
        return exitCodes.done
      }
      switch (added.reason) {
        case 'invalid_name':
          terminal.complain('Name it with 1 to 64 letters, digits, dots, underscores or hyphens.')
          return exitCodes.usage
        case 'name_taken':
          terminal.complain('There is a service of this name: take another, or remove that one.')
          return exitCodes.refused
      }
    }),
}

export const servicesList: Command = {
  name: 'services list',
  summary: 'Lists the services',
  words: [],
  options: { json: { meaning: 'As one JSON object a line' } },
  run: (call, terminal) =>
    useCountersign(async (auth) => {
      const services = await auth.services.list()
      if (call.flags.has('json')) {
        for (const service of services) terminal.print(JSON.stringify(service))
        return exitCodes.done
      }
      const rows = services.map(({ name, id, createdAt }) => [name, id, createdAt])
      terminal.print(renderTable(['name', 'id', 'made'], rows))
      return exitCodes.done
    }),
}

export const servicesRemove: Command = {
  name: 'services remove',
  summary: 'Makes the credential of a service worthless, at once',
  words: ['name'],
  options: {},
  run: (call, terminal) =>
    useCountersign(async (auth) => {
      if (await auth.services.remove(call.words[0] ?? '')) return exitCodes.done
      terminal.complain(`There is no service "${call.words[0]}".`)
      return exitCodes.refused
    }),
}
