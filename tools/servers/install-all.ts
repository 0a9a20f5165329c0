// Installs what the tests would install on the way (one download instead of one a test file that starts at the moment),
// and the runtimes, which they never do: those are too large for a test to fetch unasked.

import { installRuntime, runtimeNames } from '../runtimes/runtimes.ts'
import { NotAvailable } from './database-server.ts'
import { installMongoJavaServer } from './mongo-java-server.ts'
import { installNx27017 } from './nx-27017.ts'

const servers = await Promise.all([installNx27017(), installMongoJavaServer()])
for (const directory of servers) console.log(`Installed: ${directory}`)

// One after the other: each is unpacked from some 40 MB in memory.
for (const name of runtimeNames) {
  try {
    console.log(`Installed: ${await installRuntime(name)}`)
  } catch (error) {
    if (!(error instanceof NotAvailable)) throw error
    console.log(`Not installed: ${name}: ${error.message}`)
  }
}
