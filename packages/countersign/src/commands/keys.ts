import type { KeyInfo } from '@countersign/server'
import type { Command } from '../command-line/command.ts'
import { exitCodes } from '../command-line/exit-codes.ts'
import { renderTable } from '../command-line/table.ts'
import { useCountersign } from '../configuration/use-countersign.ts'

export const keysList: Command = {
  name: 'keys list',
  summary: 'Lists the signing keys and their states',
  words: [],
  options: {},
  run: (_call, terminal) =>
    useCountersign(async (auth) => {
      terminal.print(renderKeys(auth.keys.list()))
      return exitCodes.done
    }),
}

export const keysRotate: Command = {
  name: 'keys rotate',
  summary: 'Makes the next signing key before its time',
  words: [],
  options: {
    now: { meaning: 'For a key that leaked: signs at once, and every token signed before is dead' },
  },
  details: [
    'Without --now the new key is published ten minutes before it signs, so that no verifier meets',
    'a key it cannot know, and tokens signed before stay good. With --now every client has to',
    'refresh; sessions live on. A running server takes the change over within a second or two.',
  ],
  run: (call, terminal) =>
    useCountersign(async (auth) => {
      terminal.print(renderKeys(await auth.keys.rotate({ now: call.flags.has('now') })))
      return exitCodes.done
    }),
}

function renderKeys(keys: readonly KeyInfo[]): string {
  const rows = keys.map(({ kid, algorithm, state, createdAt, activatesAt, removesAt }) => [
    kid,
    algorithm,
    state,
    timeOf(createdAt),
    timeOf(activatesAt),
    removesAt === null ? '-' : timeOf(removesAt),
  ])
  return renderTable(['kid', 'algorithm', 'state', 'created', 'signs from', 'removed at'], rows)
}

function timeOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}
