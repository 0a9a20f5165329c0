import { accessSync, closeSync, constants, existsSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ConfigurationError, StoreUnavailableError } from '@countersign/server'
import { readSecretFile, secretFileOf, type Settings } from '@countersign/server/config'
import {
  type DatabaseFinding,
  examineMongodb,
  examinePostgres,
  examineStart,
  listSchemaSteps,
  type SchemaStep,
} from '@countersign/server/database'

export type Finding = DatabaseFinding

/** The database and the master secret, looked at without a change. */
export async function examineData(settings: Settings): Promise<Finding[]> {
  const { database } = settings
  if (database.kind !== 'sqlite') {
    const configured = `${settings.secrets.length} master secret(s) configured.`
    return [{ isWrong: false, text: configured }, ...(await examineServer(settings))]
  }
  const { file } = database
  if (file === ':memory:') {
    return [
      { isWrong: false, text: 'The database is in memory.' },
      ...(await examineSchema(settings)),
    ]
  }
  return [
    examineDirectory(file),
    ...examineSecret(settings, file),
    ...examineDatabase(file),
    ...(await examineSchema(settings)),
    ...(await examineStored(settings, file)),
  ]
}

async function examineServer(settings: Settings): Promise<Finding[]> {
  const { database, migratesOnStart } = settings
  if (database.kind === 'sqlite') return []
  try {
    const findings =
      database.kind === 'postgres'
        ? await examinePostgres(database, Date.now)
        : await examineMongodb(database, Date.now)
    const schema = judgeSteps(await listSchemaSteps(database), migratesOnStart)
    return [...findings, schema, ...(await examineStart(settings))]
  } catch (error) {
    const isExplained =
      error instanceof StoreUnavailableError || error instanceof ConfigurationError
    if (!isExplained) throw error
    return [{ isWrong: true, text: error.message }]
  }
}

function judgeSteps(steps: readonly SchemaStep[], migratesOnStart: boolean): Finding {
  const pending = steps.filter(({ appliedAt }) => appliedAt === undefined).length
  if (pending === 0) return { isWrong: false, text: 'The schema is up to date.' }
  const mend = migratesOnStart
    ? 'the start applies them.'
    : 'countersign migrate up applies them, and MIGRATE_ON_START=off refuses to start before.'
  return { isWrong: !migratesOnStart, text: `${pending} schema step(s) are pending: ${mend}` }
}

function examineDirectory(file: string): Finding {
  let directory = dirname(file)
  while (!existsSync(directory)) directory = dirname(directory)
  try {
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK)
    return { isWrong: false, text: `The directory ${dirname(file)} can be written.` }
  } catch {
    return { isWrong: true, text: `This user cannot write to ${directory}: give it write access.` }
  }
}

function examineSecret(settings: Settings, databaseFile: string): Finding[] {
  if (settings.secrets.length > 0) {
    return [{ isWrong: false, text: `${settings.secrets.length} master secret(s) configured.` }]
  }
  const file = secretFileOf(databaseFile)
  const stat = statSync(file, { throwIfNoEntry: false })
  if (stat === undefined) {
    return existsSync(databaseFile)
      ? [{ isWrong: true, text: `The master secret ${file} is lost: put it back from a backup.` }]
      : [{ isWrong: false, text: `The master secret will be made at ${file}.` }]
  }
  if (!canOpen(file, 'r')) {
    return [{ isWrong: true, text: `This user cannot read the master secret ${file}: chown it.` }]
  }
  try {
    readSecretFile(file)
    return [{ isWrong: false, text: `The master secret is in ${file}.` }]
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    return error.mistakes.map(({ message }) => ({ isWrong: true, text: message }))
  }
}

function canOpen(file: string, flags: 'r' | 'r+'): boolean {
  try {
    closeSync(openSync(file, flags))
    return true
  } catch {
    return false
  }
}

function isOpenToOthers({ mode }: { readonly mode: number }): boolean {
  return process.platform !== 'win32' && (mode & 0o077) !== 0
}

function examineDatabase(file: string): Finding[] {
  const stat = statSync(file, { throwIfNoEntry: false })
  if (stat === undefined) {
    return [{ isWrong: false, text: `The database will be made at ${file}.` }]
  }
  if (!canOpen(file, 'r+')) {
    const text = `This user cannot write to the database ${file}: give it write access.`
    return [{ isWrong: true, text }]
  }
  // No obstacle to a start: what a volume shows as a mode is not always one.
  const open = { isWrong: false, text: `Others may read the database: chmod 600 ${file}*` }
  return [...(isOpenToOthers(stat) ? [open] : []), examineContent(file)]
}

/** Why the embedded database would refuse a start that finds it sound. */
async function examineSchema({ database, migratesOnStart }: Settings): Promise<Finding[]> {
  try {
    const finding = judgeSteps(await listSchemaSteps(database), migratesOnStart)
    return finding.isWrong ? [finding] : []
  } catch (error) {
    if (!(error instanceof StoreUnavailableError) || error.reason !== 'schema') return []
    return [{ isWrong: true, text: error.message }]
  }
}

/** Only what the other looks did not find: a secret that is wrong, or a database that cannot be read, was told of. */
async function examineStored(settings: Settings, file: string): Promise<Finding[]> {
  try {
    const { secrets } = settings
    const found = secrets.length > 0 ? secrets : [readSecretFile(secretFileOf(file))]
    return await examineStart({ ...settings, secrets: found })
  } catch {
    return []
  }
}

function examineContent(file: string): Finding {
  try {
    const database = new DatabaseSync(file, { readOnly: true, timeout: 2_000 })
    try {
      const result = database.prepare('PRAGMA quick_check(1)').get()
      if (result?.['quick_check'] !== 'ok') {
        return { isWrong: true, text: `The database ${file} is damaged: restore a backup.` }
      }
      // As a start leaves it that was killed at once, or whoever prepares a volume.
      if (database.prepare('SELECT 1 FROM sqlite_schema').get() === undefined) {
        return {
          isWrong: false,
          text: `The database ${file} is empty: the start makes its tables.`,
        }
      }
      const row = database.prepare('SELECT count(*) AS n FROM users WHERE deleted_at IS NULL').get()
      return {
        isWrong: false,
        text: `The database ${file} is sound and holds ${String(row?.['n'])} account(s).`,
      }
    } finally {
      database.close()
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { isWrong: true, text: `The database ${file} cannot be read (${reason}).` }
  }
}
