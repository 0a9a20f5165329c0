// mongo-java-server: a second, independent server of MongoDB's protocol, in memory and with many threads.

import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { NotAvailable, type ServerKind } from './database-server.ts'
import { installOnce, runTool } from './install.ts'
import { startProcess } from './server-process.ts'

const version = '1.47.0'
const sources = join(import.meta.dirname, 'mongo-java-server')

export const mongoJavaServer: ServerKind = {
  name: 'mongo-java-server',
  start: async () => {
    const home = await installMongoJavaServer()
    const classPath = `${join(home, 'jars/*')}:${join(home, 'classes')}`
    const launch = (port: number) =>
      startProcess('java', ['-cp', classPath, 'CountersignServer', `${port}`], /^PORT (\d+)$/m)
    let running = await launch(0)
    const port = Number(running.matched[1])
    return {
      name: 'mongo-java-server',
      isPersistent: false,
      urlOf: (database) => `mongodb://127.0.0.1:${port}/${database}`,
      kill: () => running.kill(),
      restart: async () => {
        running = await launch(port)
      },
      stop: () => running.kill(),
    }
  },
}

/** The directory of the installation: `jars`, and `classes` with the main class. */
export function installMongoJavaServer(): Promise<string> {
  return installOnce(`mongo-java-server-${version}`, async (directory) => {
    const words = [
      '-q',
      '-B',
      'dependency:copy-dependencies',
      `-Dmongo-java-server.version=${version}`,
      `-DoutputDirectory=${join(directory, 'jars')}`,
    ]
    copyFileSync(join(sources, 'pom.xml'), join(directory, 'pom.xml'))
    await tell('maven', runTool('mvn', words, directory))
    const source = join(sources, 'CountersignServer.java')
    const compile = ['-cp', 'jars/*', '-d', 'classes', source]
    await tell('default-jdk-headless', runTool('javac', compile, directory))
  })
}

async function tell(debianPackage: string, work: Promise<void>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw new NotAvailable(`${debianPackage} is missing`)
    }
    throw error
  }
}
