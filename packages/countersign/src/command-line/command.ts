import type { ExitCode } from './exit-codes.ts'
import type { Terminal } from './terminal.ts'

export interface CommandOption {
  readonly meaning: string
  /** Shown in the help, and then the option takes a value: `--role <role>`. */
  readonly value?: string
}

/** The words after the command's name, taken apart and checked against it. */
export interface CommandCall {
  readonly words: readonly string[]
  readonly flags: ReadonlySet<string>
  readonly values: ReadonlyMap<string, string>
}

export interface Command {
  /** As it is typed: `users add`. */
  readonly name: string
  readonly summary: string
  /** The names of the words it takes, all required. */
  readonly words: readonly string[]
  readonly options: Readonly<Record<string, CommandOption>>
  /** More lines for its help. */
  readonly details?: readonly string[]
  run(call: CommandCall, terminal: Terminal): Promise<ExitCode>
}
