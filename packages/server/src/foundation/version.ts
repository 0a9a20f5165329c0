import { createRequire } from 'node:module'

const packageJson: unknown = createRequire(import.meta.url)('../../package.json')

/** The version of this package. */
export const version: string =
  typeof packageJson === 'object' && packageJson !== null && 'version' in packageJson
    ? String(packageJson.version)
    : '0.0.0'
