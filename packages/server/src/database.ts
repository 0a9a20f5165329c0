// Door: the database as those who operate it see it.

export { openPostgresBus } from './bus/postgres-bus.ts'
export { examinePostgres, type DatabaseFinding } from './stores/sql/examine-postgres.ts'
export type { SchemaStep } from './stores/schema-step.ts'
export { applySchemaSteps, listSchemaSteps } from './stores/schema-steps.ts'
