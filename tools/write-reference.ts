// Writes what the documents repeat from the code: the table of configuration in README.md, docs/problems.md, and the
// tables of requirements in conformance/README.md. A test fails when they differ. Run it with `node --conditions=@countersign/source tools/write-reference.ts`.

import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { problemKinds } from '@countersign/server'
import { renderOptionReference } from '@countersign/server/config'
import { namedTests, renderReadme } from '../conformance/requirements.ts'

const readme = new URL('../README.md', import.meta.url)
const start = '<!-- configuration -->\n'
const end = '\n<!-- /configuration -->'
const text = readFileSync(readme, 'utf8')
const from = text.indexOf(start)
const to = text.indexOf(end)
if (from < 0 || to < from) throw new Error('README.md has lost the marks round its configuration')
writeFileSync(readme, text.slice(0, from + start.length) + renderOptionReference() + text.slice(to))

const rows = Object.entries(problemKinds).map(
  ([code, { status, message, meaning }]) => `| \`${code}\` | ${status} | ${message} | ${meaning} |`,
)
writeFileSync(
  new URL('../docs/problems.md', import.meta.url),
  [
    '# Problems',
    '',
    'Every failure is `application/problem+json` (RFC 9457) with `type` (`urn:countersign:problem:<code>`), `status`,',
    '`code`, `message`, `requestId`, and `errors` where members of the request are at fault. Compare the code: it is',
    'stable. Messages are for people; those that clients of the well-known tutorial compare are fixed too.',
    '',
    '| code | status | message | meaning |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n'),
)

const conformance = new URL('../conformance/', import.meta.url)
const requirements = new URL('README.md', conformance)
const tests = namedTests(fileURLToPath(conformance))
writeFileSync(requirements, renderReadme(readFileSync(requirements, 'utf8'), tests))
