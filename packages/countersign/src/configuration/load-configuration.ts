import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseEnv } from 'node:util'
import {
  checkSettings,
  ConfigurationError,
  type ConfigurationMistake,
  type CountersignOptions,
  type EnvironmentLayer,
  type EnvironmentReading,
  readEnvironment,
  type Settings,
} from '@countersign/server/config'

export interface Configuration extends EnvironmentReading {
  /** Undefined when there are mistakes. */
  readonly settings: Settings | undefined
}

/** What the environment and `./.env` say, checked; the environment wins. */
export function readConfiguration(): Configuration {
  const { layers, mistakes: unreadable } = readLayers()
  const reading = readEnvironment(layers)
  const checked = checkSettings(reading.options, { production: false })
  const mistakes = [...unreadable, ...reading.mistakes, ...(checked.ok ? [] : checked.mistakes)]
  const settings = checked.ok && mistakes.length === 0 ? checked.settings : undefined
  return { ...reading, mistakes, settings }
}

/** @throws ConfigurationError with every mistake */
export function loadConfiguration(): {
  readonly options: CountersignOptions
  readonly settings: Settings
  readonly warnings: readonly ConfigurationMistake[]
} {
  const { options, settings, mistakes, warnings } = readConfiguration()
  if (settings === undefined) throw new ConfigurationError(mistakes)
  // Said outright, for the library would otherwise look at the environment once more.
  return { options: { ...options, production: settings.production }, settings, warnings }
}

function readLayers(): {
  readonly layers: readonly EnvironmentLayer[]
  readonly mistakes: readonly ConfigurationMistake[]
} {
  const environment = { name: 'the environment', variables: process.env }
  const file = resolve('.env')
  try {
    const variables = parseEnv(readFileSync(file, 'utf8'))
    return { layers: [environment, { name: file, variables }], mistakes: [] }
  } catch (error) {
    if (isNotThere(error)) return { layers: [environment], mistakes: [] }
    const message = `The file ${file} cannot be read: correct its permissions.`
    return { layers: [environment], mistakes: [{ option: undefined, message }] }
  }
}

function isNotThere(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
