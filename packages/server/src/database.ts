// Door: the database as those who operate it see it.

export { openPostgresBus } from './bus/postgres-bus.ts'
export { examineMongodb } from './stores/mongodb/examine-mongodb.ts'
export type { DatabaseFinding } from './stores/database-finding.ts'
export { examinePostgres } from './stores/sql/examine-postgres.ts'
export type { SchemaStep } from './stores/sql/migrations/plan-migrations.ts'
export { applySchemaSteps, listSchemaSteps } from './stores/schema-steps.ts'
