import { readFileSync, writeFileSync } from 'node:fs'

/**
 * Deals the lines of a file out to so many files, one after the other as cards are dealt: each part still spreads over
 * the whole database. A refresh token that was used in one turn is not to be used in the next, so each turn gets a part.
 */
export function splitLines(file: string, parts: number): readonly string[] {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  return Array.from({ length: parts }, (_, part) => {
    const name = `${file}.${part}`
    const own = lines.filter((_, index) => index % parts === part)
    writeFileSync(name, `${own.join('\n')}\n`)
    return name
  })
}

/** Gives out the parts one by one. */
export function partsInTurn(files: readonly string[]): () => string {
  let next = 0
  return () => {
    const file = files[next++]
    if (file === undefined) throw new Error('There are more turns than parts')
    return file
  }
}
