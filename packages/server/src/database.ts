// Door: the database as those who operate it see it.

export { openPostgresBus } from './bus/postgres-bus.ts'
export { examineMongodb } from './stores/mongodb/examine-mongodb.ts'
export { moveDatabase } from './relocation/move-database.ts'
export type { MoveOptions, MoveReport } from './relocation/move-database.ts'
export type { MoveMark } from './stores/move-mark.ts'
export { MoveRefusedError } from './relocation/move-refused-error.ts'
export { undoMove } from './relocation/undo-move.ts'
export type { DatabaseFinding } from './stores/database-finding.ts'
export { examinePostgres } from './stores/sql/examine-postgres.ts'
export type { SchemaStep } from './stores/sql/migrations/plan-migrations.ts'
export { examineStart } from './stores/examine-start.ts'
export { applySchemaSteps, listSchemaSteps } from './stores/schema-steps.ts'
