import { argon2 } from 'node:crypto'

/** RFC 9106; memory in KiB. */
export interface Argon2idParameters {
  readonly memoryKib: number
  readonly iterations: number
  readonly parallelism: number
}

/** The first choice of the OWASP Password Storage Cheat Sheet: 19 MiB, 2 passes, 1 lane. */
export const defaultArgon2id: Argon2idParameters = {
  memoryKib: 19_456,
  iterations: 2,
  parallelism: 1,
}

export const hashBytes = 32
export const saltBytes = 16

export type DeriveArgon2id = (
  password: string,
  salt: Uint8Array,
  parameters: Argon2idParameters,
  length: number,
) => Promise<Buffer>

/** Node's own; identical output, a third of the speed of the native package. */
export const deriveByNode: DeriveArgon2id = (password, salt, parameters, length) =>
  new Promise((resolve, reject) => {
    const options = {
      message: password,
      nonce: salt,
      parallelism: parameters.parallelism,
      tagLength: length,
      memory: parameters.memoryKib,
      passes: parameters.iterations,
    }
    argon2('argon2id', options, (error, key) => {
      if (error) reject(error)
      else resolve(key)
    })
  })

/** The native package where it has a build for this platform, else Node's own. */
export async function loadArgon2id(): Promise<DeriveArgon2id> {
  try {
    const native = await import('@node-rs/argon2')
    return (password, salt, parameters, length) =>
      native.hashRaw(password, {
        // Algorithm.Argon2id; the package's enum exists in its types alone.
        algorithm: 2,
        memoryCost: parameters.memoryKib,
        timeCost: parameters.iterations,
        parallelism: parameters.parallelism,
        outputLen: length,
        salt,
      })
  } catch {
    return deriveByNode
  }
}
