import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { explainTakenName, type NamedAccount } from '../accounts/check-first-administrator.ts'
import { administratorRole } from '../accounts/last-administrator.ts'
import { toUsernameKey } from '../accounts/username.ts'
import { ConfigurationError } from '../config/configuration-error.ts'
import type { PostgresSettings, Settings } from '../config/settings.ts'
import { createMasterSecrets } from '../foundation/master-secret.ts'
import { readKeyringDocument } from '../keys/keyring-document.ts'
import { loadPostgresDriver } from '../postgres/load-driver.ts'
import { withConnection } from '../postgres/with-connection.ts'
import type { DatabaseFinding } from './database-finding.ts'
import { createAccountStore } from './mongodb/account-store.ts'
import { createKeyringStore } from './mongodb/keyring-store.ts'
import { withMongodbDatabase } from './mongodb/mongodb-database.ts'

/** What of the database decides whether a start with these settings succeeds. */
interface StartContent {
  readonly keyring: string | undefined
  readonly hasAdministrator: boolean
  /** The account that has the name of the first administrator. */
  readonly named: NamedAccount | undefined
}

/**
 * Looks whether the master secret opens the signing keys, and whether another account has the first administrator's
 * name. Changes nothing, and finds nothing where there are no tables yet.
 * @throws StoreUnavailableError with the mend when a database server cannot be asked
 */
export async function examineStart(settings: Settings): Promise<DatabaseFinding[]> {
  const usernameKey = toUsernameKey(settings.administrator?.username ?? '')
  const content = await readContent(settings, usernameKey)
  if (content === undefined) return []
  const { keyring, hasAdministrator, named } = content
  const findings: DatabaseFinding[] = []
  // With JWT_SECRET nothing reads them.
  if (keyring !== undefined && settings.jwtSecret === undefined) {
    findings.push(examineKeyring(keyring, settings.secrets))
  }
  if (settings.administrator !== undefined && !hasAdministrator && named !== undefined) {
    findings.push({ isWrong: true, text: `ADMIN_USERNAME: ${explainTakenName(named)}` })
  }
  return findings
}

function examineKeyring(document: string, secrets: readonly string[]): DatabaseFinding {
  try {
    readKeyringDocument(document, createMasterSecrets(secrets))
    return { isWrong: false, text: 'The master secret opens the signing keys.' }
  } catch (error) {
    const text =
      error instanceof ConfigurationError
        ? error.mistakes.map(({ message }) => message).join(' ')
        : 'The signing keys are damaged: restore a backup of the database.'
    return { isWrong: true, text }
  }
}

async function readContent(
  { database }: Settings,
  usernameKey: string,
): Promise<StartContent | undefined> {
  switch (database.kind) {
    case 'sqlite':
      return readSqlite(database.file, usernameKey)
    case 'postgres':
      return readPostgres(database, usernameKey)
    case 'mongodb':
      return withMongodbDatabase(database.url, {}, async ({ collections }) => {
        const accounts = createAccountStore(collections)
        return {
          keyring: (await createKeyringStore(collections).loadKeyring())?.document,
          hasAdministrator: (await accounts.countOtherActiveAccounts(administratorRole, '')) > 0,
          named: await accounts.findAccountByUsername(usernameKey),
        }
      })
  }
}

const selectKeyring = "SELECT document FROM keyring WHERE id = 'signing'"
const countAdministrators = `SELECT count(*) AS n FROM users
  WHERE role = '${administratorRole}' AND deleted_at IS NULL AND disabled = 0`
const selectNamed = 'SELECT username, role, disabled FROM users WHERE username_key = $1'

function readSqlite(file: string, usernameKey: string): StartContent | undefined {
  if (file === ':memory:' || !existsSync(file)) return undefined
  const database = new DatabaseSync(file, { readOnly: true, timeout: 2_000 })
  try {
    const table = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'keyring'").get()
    if (table === undefined) return undefined
    return contentOf(
      database.prepare(selectKeyring).get(),
      database.prepare(countAdministrators).get(),
      database.prepare(selectNamed.replace('$1', '?')).get(usernameKey),
    )
  } finally {
    database.close()
  }
}

async function readPostgres(
  settings: PostgresSettings,
  usernameKey: string,
): Promise<StartContent | undefined> {
  return withConnection(await loadPostgresDriver(), settings, async (client) => {
    const ask = async (text: string, values: readonly string[] = []) =>
      (await client.query<Record<string, unknown>>(text, [...values])).rows[0]
    const table = await ask("SELECT to_regclass('keyring')::text AS name")
    if (typeof table?.['name'] !== 'string') return undefined
    const keyring = await ask(selectKeyring)
    return contentOf(keyring, await ask(countAdministrators), await ask(selectNamed, [usernameKey]))
  })
}

type Row = Readonly<Record<string, unknown>> | undefined

function contentOf(keyring: Row, administrators: Row, named: Row): StartContent {
  return {
    keyring: keyring && String(keyring['document']),
    hasAdministrator: Number(administrators?.['n']) > 0,
    named: named && {
      username: String(named['username']),
      role: String(named['role']),
      disabled: Number(named['disabled']) !== 0,
    },
  }
}
