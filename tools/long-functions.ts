import type { SourceFile } from './source-files.ts'

export interface LongFunction {
  readonly path: string
  readonly line: number
  readonly name: string
  readonly lines: number
}

// The formatter puts a function's head on a line of its own and its closing brace at the same indentation, so that the
// length can be read off the text: TypeScript 7 offers no parser to programs.
const head =
  /^(\s*)(?:export )?(?:default )?(?:async )?(?:function\*? (\w+)|(?:const|let) (\w+) = (?:async )?(?:function|\(|<|\w+ =>)|(?:static |readonly |override |private |public )*(?:async )?(#?\w+)\([^;]*$|(\w+): (?:async )?\()/

/** Functions, methods and arrow functions with a body of their own that are longer than so many lines. */
export function longFunctions(file: SourceFile, limit: number): readonly LongFunction[] {
  const lines = file.text.split('\n')
  return lines.flatMap((text, index) => {
    const match = head.exec(text)
    // A signature without a body ends on its own line; control flow only looks like a method.
    const isOpen = /[{(]$|=>$/.test(text)
    const isControlFlow = /^\s*(if|for|while|switch|return|await|throw|catch)\b/.test(text)
    if (match === null || !isOpen || isControlFlow) return []
    const indentation = match[1] ?? ''
    const end = lines.findIndex(
      (other, at) => at > index && other.startsWith(`${indentation}}`) && !other.includes('} = '),
    )
    const length = end < 0 ? 0 : end - index + 1
    const name = match[2] ?? match[3] ?? match[4] ?? match[5] ?? '?'
    return length > limit ? [{ path: file.path, line: index + 1, name, lines: length }] : []
  })
}
