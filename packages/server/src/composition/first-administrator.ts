import { explainTakenName } from '../accounts/check-first-administrator.ts'
import { administratorRole } from '../accounts/last-administrator.ts'
import { recordAcceptedPassword } from '../accounts/record-accepted-password.ts'
import { toUsernameKey } from '../accounts/username.ts'
import { ConfigurationError } from '../config/configuration-error.ts'
import { withLease } from '../leases/with-lease.ts'
import type { Base } from './base.ts'
import type { Services } from './services.ts'
import type { State } from './state.ts'

/**
 * For containers: ADMIN_USERNAME is made when nobody administers. Another account of that name is left alone.
 * @throws ConfigurationError when there is one
 */
export async function createFirstAdministrator(
  { settings, logger, clock, newId }: Base,
  { store }: State,
  { opener, audit }: Services,
): Promise<void> {
  const { administrator } = settings
  if (administrator === undefined) return
  await withLease(store, 'administrators', { clock, newId }, async () => {
    if ((await store.countOtherActiveAccounts(administratorRole, '')) > 0) return
    const opened = await opener.open({ ...administrator, role: administratorRole })
    if (!opened.ok) {
      // Name and password were checked with the other settings: what is left is that the name is taken.
      const taken = await store.findAccountByUsername(toUsernameKey(administrator.username))
      const message = taken
        ? explainTakenName(taken)
        : `The first administrator cannot be made (${opened.reason}): start again.`
      throw new ConfigurationError([{ option: 'adminUsername', message }])
    }
    const { account, warning } = opened
    const who = { actorId: null, subjectId: account.id }
    await audit.record('account.created', { ...who, detail: { role: account.role } })
    await recordAcceptedPassword(audit, warning, who)
    logger.info({ username: account.username }, 'Made the first administrator')
  })
}
