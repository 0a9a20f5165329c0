import type { Service } from './service.ts'

/** Where services are kept. Each operation is atomic on one row. */
export interface ServiceStore {
  /** A name is taken without regard to case. */
  insertService(service: Service): Promise<'inserted' | 'name_taken'>
  findService(id: string): Promise<Service | undefined>
  /** In the order in which they were made, at most 1,000. */
  listServices(): Promise<readonly Service[]>
  /** @returns whether there was one */
  deleteService(id: string): Promise<boolean>
}
