import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseEnv } from 'node:util'
import {
  checkFirstAdministrator,
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
  const checked = checkSettings(reading.options, {
    production: false,
    checkFurther: checkFirstAdministrator,
  })
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
    const text = decodeText(readFileSync(file))
    if (text === undefined) return { layers: [environment], mistakes: [notText(file)] }
    return { layers: [environment, { name: file, variables: parseEnv(text) }], mistakes: [] }
  } catch (error) {
    if (isNotThere(error)) return { layers: [environment], mistakes: [] }
    const message = `The file ${file} cannot be read: correct its permissions.`
    return { layers: [environment], mistakes: [{ option: undefined, message }] }
  }
}

/**
 * Editors on Windows begin a file with a byte order mark, which would become a part of the first name, and shells there
 * write UTF-16: every variable of such a file would be passed over without a word.
 */
function decodeText(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return text.includes('\0') ? undefined : text
  } catch {
    return undefined
  }
}

function notText(file: string): ConfigurationMistake {
  return { option: undefined, message: `The file ${file} is not UTF-8: save it as UTF-8.` }
}

function isNotThere(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
