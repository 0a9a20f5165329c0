#!/usr/bin/env node
// Starts the program: from its sources where there are any, else from dist. It is committed as it is, because npm links
// no bin that a build has yet to make. Written so that old Nodes can read it and say what is wrong.
import { existsSync } from 'node:fs'
import * as nodeModule from 'node:module'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 24 || (major === 24 && minor < 15)) {
  console.error(
    `Countersign needs Node 24.15 or later, and this is ${process.version}. In a checkout, "npm ci" brings the right one: ` +
      'start with "npm start" or "npx countersign".',
  )
  process.exit(1)
}

// Under load V8 lets the space of young objects grow to 64 MiB, and that of old ones to a multiple of what is alive
// before it looks for garbage there; both can be bounded only from the command line. So the server starts itself anew
// with bounds, keeping its process id. Not on Windows, and not where a parent's channel would be lost
// (child_process.fork); whoever sets the option for himself is left alone. The allocator of glibc has an arena for each
// thread, up to eight for each core, and what is free in one is of no use to another.
const youngSpace = '--max-semi-space-size'
const isBounded = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].some((text) =>
  text.includes(youngSpace),
)
// Without a command it starts, too.
const [command = 'start'] = process.argv.slice(2)
if (command === 'start' && !isBounded && process.execve && !process.send) {
  const bounds = [`${youngSpace}=8`, '--heap-growing-percent=50']
  const words = [...bounds, ...process.execArgv, ...process.argv.slice(1)]
  const environment = {
    UV_THREADPOOL_SIZE: String(availableParallelism() + 3),
    MALLOC_ARENA_MAX: '1',
    ...process.env,
  }
  process.execve(process.execPath, [process.execPath, ...words], environment)
}

const source = new URL('../src/main.ts', import.meta.url)
const isCheckout = existsSync(source)
if (isCheckout) {
  // Stripping the types of every source at every start takes half a second and 20 MiB; kept where npm keeps its own.
  const cache = new URL('../../../node_modules/.cache/countersign', import.meta.url)
  nodeModule.enableCompileCache(fileURLToPath(cache))
  nodeModule.registerHooks({
    resolve: (specifier, context, nextResolve) => {
      // A file beside another is where it says: looking for it takes as long as reading it.
      const isFile = /^\.{1,2}\/.*\.[jt]s$/.test(specifier)
      if (isFile && context.parentURL && context.conditions?.includes('import')) {
        const { href } = new URL(specifier, context.parentURL)
        const format = specifier.endsWith('.ts') ? 'module-typescript' : undefined
        return { url: href, format, shortCircuit: true }
      }
      return nextResolve(specifier, {
        ...context,
        conditions: ['@countersign/source', ...(context.conditions ?? [])],
      })
    },
  })
}
const { main } = await import(
  isCheckout ? source.href : new URL('../dist/main.js', import.meta.url).href
)
process.exitCode = await main(process.argv.slice(2))
