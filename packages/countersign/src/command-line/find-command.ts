import type { Command } from './command.ts'

/** The command whose name these words begin with; the longest name wins. */
export function findCommand(
  commands: readonly Command[],
  words: readonly string[],
): Command | undefined {
  const candidates = [words.slice(0, 2).join(' '), words[0]]
  return candidates
    .map((candidate) => commands.find(({ name }) => name === candidate))
    .find((command) => command !== undefined)
}
