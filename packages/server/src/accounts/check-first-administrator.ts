import type { ConfigurationMistake } from '../config/configuration-error.ts'
import type { Settings } from '../config/settings.ts'
import { checkNewPassword } from '../passwords/check-password.ts'
import type { Account } from './account.ts'
import { administratorRole } from './last-administrator.ts'
import { parseUsername } from './username.ts'

/** What keeps ADMIN_USERNAME from being made whatever the database holds. An administrator who is there mends nothing. */
export function checkFirstAdministrator({
  administrator,
  passwordMinLength,
  commonPasswords,
  serviceName,
}: Settings): readonly ConfigurationMistake[] {
  if (administrator === undefined) return []
  const { username, password } = administrator
  const mistakes: ConfigurationMistake[] = []
  if (parseUsername(username) === undefined) {
    const form = '3 to 64 ASCII letters, digits, dots, underscores or hyphens'
    const message = `${JSON.stringify(username)} is no user name: take ${form}.`
    mistakes.push({ option: 'adminUsername', message })
  }
  const checked = checkNewPassword(password, {
    minLength: passwordMinLength,
    common: commonPasswords,
    service: serviceName,
    username,
  })
  if (!checked.ok) {
    const mend = 'take another, or unset both variables when there is an administrator.'
    mistakes.push({ option: 'adminPassword', message: `${checked.message}: ${mend}` })
  }
  return mistakes
}

export type NamedAccount = Pick<Account, 'username' | 'role' | 'disabled'>

/** What to do when ADMIN_USERNAME is the name of an account that was not made an administrator, or is disabled. */
export function explainTakenName({ username, role, disabled }: NamedAccount): string {
  const mends = [
    ...(role === administratorRole ? [] : [`npx countersign users set-role ${username} admin`]),
    ...(disabled ? [`npx countersign users enable ${username}`] : []),
  ]
  return `The account ${username} is there and does not administer: ${mends.join(' and ')}, or take another name.`
}
