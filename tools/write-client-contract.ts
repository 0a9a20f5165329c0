// Writes packages/client/src/contract.generated.ts. Run it with
// `node --conditions=@countersign/source tools/write-client-contract.ts`.

import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createCountersign } from '@countersign/server'
import { type Document, renderClientContract } from './client-contract.ts'

export const clientOperations: readonly string[] = [
  'register',
  'login',
  'refresh',
  'csrf',
  'logout',
  'logoutAll',
  'changePassword',
  'proveSecondFactor',
  'stepUp',
  'forgotPassword',
  'resetPassword',
  'verifyEmail',
  'requestEmailChange',
  'confirmEmailChange',
  'requestSignInCode',
  'signInWithCode',
  'signInWithLink',
  'passkeyRegistrationOptions',
  'registerPasskey',
  'passkeySignInOptions',
  'passkeySignIn',
  'passkeySecondFactorOptions',
  'passkeySecondFactor',
  'passkeyStepUpOptions',
  'passkeyStepUp',
  'listFactors',
  'renameFactor',
  'removeFactor',
  'beginTotpEnrollment',
  'confirmTotpEnrollment',
  'makeRecoveryCodes',
  'addEmailFactor',
  'sendSecondFactorCode',
  'listSessions',
  'endSession',
]

export const clientContractFile: string = fileURLToPath(
  new URL('../packages/client/src/contract.generated.ts', import.meta.url),
)

/** The file's content as the code demands it, in the form of the project's formatter. */
export async function makeClientContract(): Promise<string> {
  const auth = await createCountersign({ databaseUrl: 'sqlite::memory:' })
  try {
    const text = renderClientContract(auth.openapi() as Document, clientOperations)
    const words = ['format', '--stdin-file-path=packages/client/src/contract.ts']
    const formatted = spawnSync('biome', words, { input: text, encoding: 'utf8' })
    if (formatted.status !== 0) throw new Error(formatted.stderr)
    return formatted.stdout
  } finally {
    await auth.close()
  }
}

if (import.meta.main) writeFileSync(clientContractFile, await makeClientContract())
