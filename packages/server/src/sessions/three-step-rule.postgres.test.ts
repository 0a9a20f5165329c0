import { onPostgres, sharedPostgres } from '../../../../tools/postgres.fixture.ts'
import { openPostgresStore } from '../stores/sql/open-postgres-store.ts'
import { settingsOf } from '../stores/sql/postgres.fixture.ts'
import { describeThreeStepRule } from './model/three-step-rule.fixture.ts'

const tables = ['users', 'sessions', 'keyring', 'attempts', 'consumed', 'leases', 'audit_events']
const runs = Number(process.env['MODEL_RUNS'] ?? 60)

onPostgres('the three-step rule on PostgreSQL', () =>
  describeThreeStepRule(
    'PostgreSQL',
    async () => {
      const server = await sharedPostgres()
      const schema = server.newSchema({ pool_size: '3' })
      const settings = settingsOf(schema.url)
      let backups = 0
      return {
        options: { databaseUrl: schema.url },
        openStore: (clock) => openPostgresStore(settings, { time: clock }),
        backUp: async () => {
          const copy = `backup_${backups++}`
          const client = await schema.connect()
          for (const table of tables) {
            await client.query(`CREATE TABLE ${copy}_${table} AS TABLE ${table}`)
          }
          await client.end()
          return async () => {
            const restorer = await schema.connect()
            await restorer.query('BEGIN')
            for (const table of tables) {
              await restorer.query(`DELETE FROM ${table}`)
              await restorer.query(`INSERT INTO ${table} TABLE ${copy}_${table}`)
            }
            await restorer.query('COMMIT')
            await restorer.end()
          }
        },
        discard: () => schema.drop(),
      }
    },
    runs,
  ),
)
