import { type Countersign, createCountersign } from '@countersign/server'
import { createLog } from '../serve/log.ts'
import { loadConfiguration } from './load-configuration.ts'

/**
 * Opens what is configured for one act of the command line, and closes it whatever happens. The first administrator is
 * made by a start alone: the act may be what makes room for one.
 */
export async function useCountersign<T>(act: (auth: Countersign) => Promise<T>): Promise<T> {
  const { adminUsername: _name, adminPassword: _password, ...options } = loadConfiguration().options
  // Results belong to standard output; what the command line does is in the audit log of the database.
  const auth = await createCountersign({ ...options, logger: createLog({ level: 'error' }) })
  try {
    return await act(auth)
  } finally {
    await auth.close()
  }
}
