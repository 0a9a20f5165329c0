import {
  ConfigurationError,
  RotationRefusedError,
  StoreUnavailableError,
} from '@countersign/server'
import { MoveRefusedError } from '@countersign/server/database'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { UsageError } from './parse-call.ts'

/** A failure in the words of the terminal. What nobody foresaw keeps its stack: it is a defect to report. */
export function explainFailure(error: unknown): {
  readonly message: string
  readonly exitCode: ExitCode
} {
  if (error instanceof UsageError) return { message: error.message, exitCode: exitCodes.usage }
  if (error instanceof ConfigurationError) {
    const message = `${error.message}\ncountersign doctor shows everything that is configured.`
    return { message, exitCode: exitCodes.configuration }
  }
  if (error instanceof MoveRefusedError || error instanceof RotationRefusedError) {
    return { message: error.message, exitCode: exitCodes.refused }
  }
  if (error instanceof StoreUnavailableError) {
    const isPending = error.reason === 'steps_pending'
    return { message: error.message, exitCode: isPending ? exitCodes.pending : exitCodes.failed }
  }
  if (isListenFailure(error)) return { message: error.message, exitCode: exitCodes.failed }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { message: `Unexpected failure: ${message}`, exitCode: exitCodes.failed }
}

/** The server could not take its port; the message says the mend. */
export class ListenFailure extends Error {
  override readonly name = 'ListenFailure'
}

function isListenFailure(error: unknown): error is ListenFailure {
  return error instanceof ListenFailure
}
