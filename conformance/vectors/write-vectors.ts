// Writes the vectors. Tokens that did not change keep their signatures, so a diff shows what did.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { renderVectorFiles } from './vector-files.ts'

for (const [name, text] of renderVectorFiles()) {
  writeFileSync(join(import.meta.dirname, name), text)
}
