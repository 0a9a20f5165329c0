import { administratorRole } from '../accounts/last-administrator.ts'
import { recordAcceptedPassword } from '../accounts/record-accepted-password.ts'
import { ConfigurationError } from '../config/configuration-error.ts'
import { withLease } from '../leases/with-lease.ts'
import type { Base } from './base.ts'
import type { Services } from './services.ts'
import type { State } from './state.ts'

/** For containers: ADMIN_USERNAME is made when nobody administers. Another account of that name is left alone. */
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
      const message =
        opened.reason === 'weak_password'
          ? `${opened.refusal.message}.`
          : `The first administrator cannot be made (${opened.reason}).`
      const option = opened.reason === 'weak_password' ? 'adminPassword' : 'adminUsername'
      throw new ConfigurationError([{ option, message }])
    }
    const { account, warning } = opened
    const who = { actorId: null, subjectId: account.id }
    await audit.record('account.created', { ...who, detail: { role: account.role } })
    await recordAcceptedPassword(audit, warning, who)
    logger.info({ username: account.username }, 'Made the first administrator')
  })
}
