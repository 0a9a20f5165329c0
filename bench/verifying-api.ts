import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { issuer } from './population.ts'
import { type ServerUnderLoad, startServer } from './server-under-load.ts'

const program = join(import.meta.dirname, '../packages/countersign/bin/countersign.js')

export interface Credential {
  readonly id: string
  readonly secret: string
}

/** What a service proves itself with to the issuer whose data is in this directory. */
export async function addService(directory: string, name: string): Promise<Credential> {
  const words = [program, 'services', 'add', name, '--json']
  const env = { PATH: process.env['PATH'], HOME: directory, JWT_ISSUER: issuer }
  const { stdout } = await promisify(execFile)(process.execPath, words, { cwd: directory, env })
  return JSON.parse(stdout) as Credential
}

export interface ApiOptions {
  readonly directory: string
  readonly cores: string
  /** Where the issuer is; without it the route is open. */
  readonly behind?: { readonly url: string; readonly credential: Credential }
}

/** A service in a process of its own: with an issuer, each request is verified and revocations are followed. */
export function startVerifyingApi(options: ApiOptions): Promise<ServerUnderLoad> {
  const { directory, cores, behind } = options
  const script = join(import.meta.dirname, 'verifying-api/server.ts')
  return startServer({
    cores,
    directory,
    command: [process.execPath, '--conditions=@countersign/source', script],
    environment: {
      NODE_ENV: 'production',
      ...(behind && {
        GUARDED: 'yes',
        ISSUER: issuer,
        ISSUER_URL: behind.url,
        SERVICE_ID: behind.credential.id,
        SERVICE_SECRET: behind.credential.secret,
      }),
    },
    firstPath: '/',
    logFile: join(directory, `api-${behind ? 'guarded' : 'open'}.log`),
  })
}
