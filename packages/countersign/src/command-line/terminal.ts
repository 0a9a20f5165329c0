import { once } from 'node:events'
import { exitCodes } from './exit-codes.ts'

/** The terminal, or the pipes that stand in for it. */
export interface Terminal {
  /** Results, on standard output. */
  print(text: string): void
  /** Everything else, on standard error, so that results can be piped on. */
  complain(text: string): void
  readonly isInteractive: boolean
  /** Asks, and shows nothing of the answer. Undefined when the person gave up with Ctrl-C or Ctrl-D. */
  askHidden(question: string): Promise<string | undefined>
  ask(question: string): Promise<string | undefined>
  /** All of standard input; undefined when it is longer than the limit. */
  readInput(limitBytes: number): Promise<Buffer | undefined>
}

export function createTerminal(): Terminal {
  const { stdin, stdout, stderr } = process
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (isClosedPipe(error)) return
    // The write has failed by now, and whoever asked for it cannot know.
    stderr.write(
      `Standard output takes nothing more (${error.message}): make room where it leads to.\n`,
    )
    process.exit(exitCodes.failed)
  })
  stderr.on('error', (error: NodeJS.ErrnoException) => {
    // There is nowhere left to say so.
    if (!isClosedPipe(error)) process.exit(exitCodes.failed)
  })
  return {
    print: (text) => void stdout.write(`${text}\n`),
    complain: (text) => void stderr.write(`${text}\n`),
    isInteractive: stdin.isTTY && stderr.isTTY,
    askHidden: (question) => readLine(question, { isHidden: true }),
    ask: (question) => readLine(question, { isHidden: false }),
    readInput: async (limitBytes) => {
      const parts: Buffer[] = []
      let length = 0
      for await (const part of stdin as AsyncIterable<Buffer>) {
        length += part.length
        if (length > limitBytes) return undefined
        parts.push(part)
      }
      return Buffer.concat(parts)
    },
  }
}

/** Whoever read has read enough, as `head` does: what is under way goes on to its end, and nobody has to be told. */
function isClosedPipe({ code }: NodeJS.ErrnoException): boolean {
  return code === 'EPIPE'
}

// Raw mode rather than readline: readline echoes, and its history would keep a password.
async function readLine(
  question: string,
  { isHidden }: { readonly isHidden: boolean },
): Promise<string | undefined> {
  const { stdin, stderr } = process
  // Before the question: a fast typist, or a program, answers as soon as it stands there.
  stdin.setRawMode(true)
  stdin.setEncoding('utf8')
  stdin.resume()
  stderr.write(question)
  let line = ''
  try {
    for (;;) {
      const [typed] = (await once(stdin, 'data')) as [string]
      for (const character of typed) {
        if (character === '\r' || character === '\n') return line
        if (character === '\u0003' || character === '\u0004') return undefined
        if (character === '\u007f' || character === '\b') line = withoutLast(line)
        else line += character
        if (!isHidden) stderr.write(character)
      }
    }
  } finally {
    stdin.setRawMode(false)
    stdin.pause()
    stderr.write('\n')
  }
}

function withoutLast(line: string): string {
  return [...line].slice(0, -1).join('')
}
