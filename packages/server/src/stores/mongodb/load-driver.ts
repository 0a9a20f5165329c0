import type * as Driver from 'mongodb'
import { ConfigurationError } from '../../config/configuration-error.ts'

/** The driver is an optional peer of the library: whoever stores elsewhere need not install it. */
export async function loadMongodbDriver(): Promise<typeof Driver> {
  try {
    return await import('mongodb')
  } catch (error) {
    if (!isMissing(error)) throw error
    const message = 'MongoDB needs the package "mongodb": npm install mongodb@7'
    throw new ConfigurationError([{ option: 'databaseUrl', message }])
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND'
}
