import type { Migration } from './migration.ts'

export const services: Migration = {
  number: 2,
  name: 'services',
  indexes: [
    { collection: 'services', name: 'services_by_name_key', field: 'nameKey', unique: true },
  ],
}
