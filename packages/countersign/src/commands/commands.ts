import type { Command } from '../command-line/command.ts'
import { doctor } from './doctor.ts'
import { importTutorial } from './import-tutorial.ts'
import { keysList, keysRotate } from './keys.ts'
import { migrateStatus, migrateUp } from './migrate.ts'
import { move } from './move.ts'
import { openapi } from './openapi.ts'
import { servicesAdd, servicesList, servicesRemove } from './services.ts'
import { start } from './start.ts'
import { usersAdd, usersSetPassword } from './users-with-password.ts'
import { usersDelete, usersDisable, usersEnable, usersList, usersSetRole } from './users.ts'

/** In the order of the help. */
export const commands: readonly Command[] = [
  start,
  usersAdd,
  usersList,
  usersSetRole,
  usersSetPassword,
  usersDisable,
  usersEnable,
  usersDelete,
  keysList,
  keysRotate,
  servicesAdd,
  servicesList,
  servicesRemove,
  importTutorial,
  migrateStatus,
  migrateUp,
  move,
  doctor,
  openapi,
]
