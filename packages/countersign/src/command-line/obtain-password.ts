import { randomBytes } from 'node:crypto'
import type { CommandCall, CommandOption } from './command.ts'
import { UsageError } from './parse-call.ts'
import type { Terminal } from './terminal.ts'

/** There is no `--password <password>`: it would stay in the shell's history and in the list of processes. */
export const passwordOptions: Readonly<Record<string, CommandOption>> = {
  'password-stdin': { meaning: 'Reads the password from standard input' },
  generate: { meaning: 'Makes a password and prints it once' },
}

export interface ObtainedPassword {
  readonly password: string
  readonly isGenerated: boolean
}

/** Typed twice and unseen, read from standard input, or generated (120 bits). */
export async function obtainPassword(
  call: CommandCall,
  terminal: Terminal,
): Promise<ObtainedPassword> {
  const isPiped = call.flags.has('password-stdin')
  const isGenerated = call.flags.has('generate')
  if (isPiped && isGenerated) throw new UsageError('Give --password-stdin or --generate, not both.')
  if (isGenerated) return { password: randomBytes(15).toString('base64url'), isGenerated }
  const password = isPiped ? await readPassword(terminal) : await typePassword(terminal)
  return { password, isGenerated: false }
}

/** More than any password has in UTF-8: whatever comes is not held. */
const inputLimitBytes = 16_384

async function readPassword(terminal: Terminal): Promise<string> {
  const input = await terminal.readInput(inputLimitBytes)
  if (input === undefined) {
    throw new UsageError(
      `Standard input is longer than ${inputLimitBytes} bytes, which no password is: pipe the password alone into it.`,
    )
  }
  const text = decode(input).replace(/\r?\n$/, '')
  if (text === '') throw new UsageError('Standard input is empty: pipe the password into it.')
  return text
}

function decode(input: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(input)
  } catch (error) {
    throw new UsageError('Standard input is not UTF-8.', { cause: error })
  }
}

async function typePassword(terminal: Terminal): Promise<string> {
  if (!terminal.isInteractive) {
    throw new UsageError(
      'There is no terminal to ask for a password: --password-stdin or --generate.',
    )
  }
  const password = await terminal.askHidden('Password: ')
  if (password === undefined || password === '') throw new UsageError('No password, no change.')
  const again = await terminal.askHidden('Again: ')
  if (again !== password) throw new UsageError('The two differ: nothing was changed.')
  return password
}
