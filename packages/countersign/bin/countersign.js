#!/usr/bin/env node
// Starts the program: from its sources where there are any, else from dist. It is committed as it is, because npm links
// no bin that a build has yet to make. Written so that old Nodes can read it and say what is wrong.
import { existsSync } from 'node:fs'
import * as nodeModule from 'node:module'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 24 || (major === 24 && minor < 15)) {
  console.error(
    `Countersign needs Node 24.15 or later, and this is ${process.version}. In a checkout, "npm ci" brings the right one: ` +
      'start with "npm start" or "npx countersign".',
  )
  process.exit(1)
}

const source = new URL('../src/main.ts', import.meta.url)
const isCheckout = existsSync(source)
if (isCheckout) {
  nodeModule.registerHooks({
    resolve: (specifier, context, nextResolve) =>
      nextResolve(specifier, {
        ...context,
        conditions: ['@countersign/source', ...(context.conditions ?? [])],
      }),
  })
}
const { main } = await import(
  isCheckout ? source.href : new URL('../dist/main.js', import.meta.url).href
)
process.exitCode = await main(process.argv.slice(2))
