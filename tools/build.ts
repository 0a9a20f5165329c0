// Builds what is published: every packages/*/dist, from nothing, so that no file of an earlier build is left in it.

import { execFileSync } from 'node:child_process'
import { existsSync, globSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const projects = globSync('packages/*', { cwd: root })
  .map((name) => join(root, name))
  .filter((directory) => existsSync(join(directory, 'tsconfig.json')))

for (const directory of projects) rmSync(join(directory, 'dist'), { recursive: true, force: true })
execFileSync(join(root, 'node_modules/.bin/tsc'), ['-b', ...projects], { stdio: 'inherit' })
