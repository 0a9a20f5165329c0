// Run by Bun and Deno: the vectors, then a live issuer, as the last argument describes them.

import { readFileSync } from 'node:fs'
import process from 'node:process'
import { checkIssuer, checkVectors } from '../../packages/verify/src/web-check.fixture.ts'

const { vectors, url, credential, tokens } = JSON.parse(process.argv.at(-1) ?? '')
console.log(
  JSON.stringify({
    vectors: await checkVectors(JSON.parse(readFileSync(vectors, 'utf8'))),
    issuer: await checkIssuer(url, credential, tokens),
  }),
)
process.exit()
