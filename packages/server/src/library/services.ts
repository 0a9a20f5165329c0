import type { AuditLog } from '../audit/audit-log.ts'
import { type Clock, toTimestamp } from '../foundation/clock.ts'
import type { IdSource } from '../foundation/ids.ts'
import type { Randomness } from '../foundation/randomness.ts'
import { isServiceName, makeServiceSecret, type Service } from '../services/service.ts'
import type { ServiceStore } from '../services/store.ts'

/** A service as people see it; its secret is shown once, when it is made. */
export interface ServiceInfo {
  readonly id: string
  readonly name: string
  readonly createdAt: string
}

export type AddedService =
  | { readonly ok: true; readonly service: ServiceInfo; readonly secret: string }
  | { readonly ok: false; readonly reason: 'invalid_name' | 'name_taken' }

/** The programs that may follow the revocation feed and introspect tokens. */
export interface LibraryServices {
  /** Makes a credential. The secret is kept nowhere: hand it to the service at once. */
  add(name: string): Promise<AddedService>
  list(): Promise<readonly ServiceInfo[]>
  /** By id or name. Its credential is dead at once, its streams within a heartbeat. @returns whether there was one */
  remove(idOrName: string): Promise<boolean>
}

export interface LibraryServicesParts {
  readonly store: ServiceStore
  readonly audit: AuditLog
  readonly newId: IdSource
  readonly randomness: Randomness
  readonly clock: Clock
}

export function createLibraryServices(parts: LibraryServicesParts): LibraryServices {
  const { store, audit, newId, randomness, clock } = parts
  return {
    add: async (name) => {
      if (!isServiceName(name)) return { ok: false, reason: 'invalid_name' }
      const { secret, secretHash } = makeServiceSecret(randomness)
      const service = { id: newId(), name, secretHash, createdAt: clock() }
      if ((await store.insertService(service)) === 'name_taken') {
        return { ok: false, reason: 'name_taken' }
      }
      await audit.record('service.added', { detail: { service: name } })
      return { ok: true, service: toInfo(service), secret }
    },
    list: async () => (await store.listServices()).map(toInfo),
    remove: async (idOrName) => {
      const key = idOrName.toLowerCase()
      const found = (await store.listServices()).find(
        ({ id, name }) => id === idOrName || name.toLowerCase() === key,
      )
      if (found === undefined || !(await store.deleteService(found.id))) return false
      await audit.record('service.removed', { detail: { service: found.name } })
      return true
    },
  }
}

function toInfo({ id, name, createdAt }: Service): ServiceInfo {
  return { id, name, createdAt: toTimestamp(createdAt) }
}
