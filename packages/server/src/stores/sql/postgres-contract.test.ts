import { onPostgres, sharedPostgres } from '../../../../../tools/postgres.fixture.ts'
import { describeStoreContract } from '../../store-contract.ts'
import { openPostgresStore } from './open-postgres-store.ts'
import { settingsOf } from './postgres.fixture.ts'

onPostgres('the store contract on PostgreSQL', () =>
  describeStoreContract('PostgreSQL', async () => {
    const server = await sharedPostgres()
    const schema = server.newSchema()
    const settings = settingsOf(schema.url)
    const store = await openPostgresStore(settings)
    const own = await schema.connect()
    const tables = [
      'users',
      'sessions',
      'keyring',
      'attempts',
      'consumed',
      'services',
      'leases',
      'factors',
      'challenges',
      'mails',
      'audit_events',
    ]
    return {
      store,
      openAnother: () => openPostgresStore(settings),
      reset: async () => {
        await own.query(tables.map((table) => `DELETE FROM ${table};`).join(''))
      },
      close: async () => {
        await own.end()
        await store.close()
        await schema.drop()
      },
    }
  }),
)
