import { environmentNameOf, type OptionName } from './options.ts'

export interface ConfigurationMistake {
  readonly option: OptionName | undefined
  /** What is wrong, and how to mend it. Never a secret. */
  readonly message: string
}

/** Thrown at start with every mistake at once, each with its mend. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError'
  readonly mistakes: readonly ConfigurationMistake[]

  constructor(mistakes: readonly ConfigurationMistake[]) {
    super(`The configuration has mistakes:\n${mistakes.map(formatMistake).join('\n')}`)
    this.mistakes = mistakes
  }
}

export function formatMistake({ option, message }: ConfigurationMistake): string {
  return option === undefined ? `- ${message}` : `- ${environmentNameOf(option)}: ${message}`
}
