// Installs what the tests would install on the way: one download instead of one a test file that starts at the moment.

import { installMongoJavaServer } from './mongo-java-server.ts'
import { installNx27017 } from './nx-27017.ts'

for (const directory of await Promise.all([installNx27017(), installMongoJavaServer()])) {
  console.log(`Installed: ${directory}`)
}
