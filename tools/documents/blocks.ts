import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

export interface Block {
  readonly file: string
  readonly line: number
  /** What stands behind the opening fence: `sh`, `js`, `nginx`; empty for a drawing. */
  readonly language: string
  readonly text: string
}

const root = resolve(import.meta.dirname, '../..')

/** The fenced blocks of a document, in order. */
export function blocksOf(file: string): readonly Block[] {
  const text = readFileSync(join(root, file), 'utf8')
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map((match) => ({
    file,
    line: text.slice(0, match.index).split('\n').length,
    language: match[1] ?? '',
    text: match[2] ?? '',
  }))
}

/** The one block of a document that has this text in it. */
export function findBlock(file: string, language: string, part: string): string {
  const found = blocksOf(file).filter(
    (block) => block.language === language && block.text.includes(part),
  )
  const [block] = found
  if (found.length !== 1 || block === undefined) {
    throw new Error(`${file} has ${found.length} ${language} blocks with "${part}" in them`)
  }
  return block.text
}

/** The commands of a block, those that go on after a backslash in one piece; comments left out. */
export function commandsOf(text: string): readonly string[] {
  return text
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
}
