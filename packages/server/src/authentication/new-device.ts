import type { Account } from '../accounts/account.ts'
import { verifiedEmail } from '../accounts/email-address.ts'
import type { AuditStore } from '../audit/store.ts'
import type { SessionClient } from '../sessions/start-session.ts'

const remembered = 50

export type NewDeviceCheck = (account: Account, client: SessionClient) => Promise<boolean>

/** @param events undefined where there is no mail to warn with */
export function createNewDeviceCheck(
  events: Pick<AuditStore, 'listEvents'> | undefined,
): NewDeviceCheck {
  if (events === undefined) return () => Promise.resolve(false)
  return (account, client) => isNewDevice(events, account, client)
}

/**
 * Whether an account logs in from where it has not of late, judged by address and program together: both can be forged,
 * which costs a warning and opens nothing. Asked where no cookie of the device says that it is known. The first log-in of
 * all is none to warn of, and without a verified address there is nobody to warn.
 */
async function isNewDevice(
  events: Pick<AuditStore, 'listEvents'>,
  account: Account,
  client: SessionClient,
): Promise<boolean> {
  if (verifiedEmail(account) === undefined) return false
  const type = 'sign_in.succeeded'
  const earlier = await events.listEvents({ subjectId: account.id, type, limit: remembered })
  if (earlier.length === 0) return false
  return !earlier.some(({ ip, userAgent }) => ip === client.ip && userAgent === client.userAgent)
}
