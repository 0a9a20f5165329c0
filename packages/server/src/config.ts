// Door: configuration for programs that start a server.

export { checkFirstAdministrator } from './accounts/check-first-administrator.ts'
export { parseDatabaseUrl } from './config/check-database.ts'
export { checkSettings } from './config/check-settings.ts'
export type { CheckContext, CheckedSettings } from './config/check-settings.ts'
export {
  ConfigurationError,
  type ConfigurationMistake,
  formatMistake,
} from './config/configuration-error.ts'
export { readEnvironment } from './config/environment.ts'
export type { EnvironmentLayer, EnvironmentReading } from './config/environment.ts'
export { optionTable } from './config/options.ts'
export type { CountersignOptions, OptionDescription, OptionName } from './config/options.ts'
export { renderOptionReference } from './config/reference.ts'
export { readSecretFile, secretFileOf } from './config/secret-file.ts'
export type {
  DatabaseSettings,
  MongodbSettings,
  PostgresSettings,
  RateLimit,
  Settings,
  SqliteSettings,
} from './config/settings.ts'
