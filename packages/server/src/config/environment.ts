import { readFileSync, statSync } from 'node:fs'
import type { ConfigurationMistake } from './configuration-error.ts'
import { suggestName } from './misspelt-names.ts'
import {
  type CountersignOptions,
  isReadableFromFile,
  type OptionName,
  optionTable,
} from './options.ts'

export interface EnvironmentReading {
  readonly options: CountersignOptions
  /** Where each option that is set comes from, for people. */
  readonly sources: ReadonlyMap<OptionName, string>
  readonly mistakes: readonly ConfigurationMistake[]
  readonly warnings: readonly ConfigurationMistake[]
}

/** A set of variables and its name: the process's environment, the `.env` file. */
export interface EnvironmentLayer {
  readonly name: string
  readonly variables: Readonly<Record<string, string | undefined>>
}

/**
 * Options from the environment; earlier layers win. Every secret may stand in a file that `<NAME>_FILE` names. An empty
 * variable counts as unset.
 */
export function readEnvironment(layers: readonly EnvironmentLayer[]): EnvironmentReading {
  const options: Record<string, unknown> = {}
  const sources = new Map<OptionName, string>()
  const mistakes: ConfigurationMistake[] = []
  const warnings: ConfigurationMistake[] = []
  for (const option of optionTable) {
    const { name, environmentName } = option
    const isFromFile = isReadableFromFile(option)
    const layer = layers.find(
      ({ variables }) =>
        isSet(variables[environmentName]) ||
        (isFromFile && isSet(variables[`${environmentName}_FILE`])),
    )
    if (layer === undefined) continue
    const value = layer.variables[environmentName]
    const file = isFromFile ? layer.variables[`${environmentName}_FILE`] : undefined
    if (!isSet(file)) {
      options[name] = value
      sources.set(name, layer.name)
      continue
    }
    if (isSet(value)) {
      const message = `It and ${environmentName}_FILE are both set: unset one of the two.`
      mistakes.push({ option: name, message })
    }
    const content = readSecretFile(file)
    if ('mistake' in content) mistakes.push({ option: name, message: content.mistake })
    else options[name] = content.text
    if ('warning' in content) warnings.push({ option: name, message: content.warning })
    sources.set(name, `the file ${file}`)
  }
  const { production: word } = options
  if (typeof word === 'string') {
    options['production'] = word === 'production'
    // Whoever writes `prod` believes that nothing insecure starts, and every check of production is off.
    if (!['production', 'development', 'test'].includes(word)) {
      const message = `${JSON.stringify(word)} is not production: write NODE_ENV=production, or development.`
      warnings.push({ option: 'production', message })
    }
  }
  warnings.push(...warnOfMisspelt(layers))
  return { options, sources, mistakes, warnings }
}

function warnOfMisspelt(layers: readonly EnvironmentLayer[]): ConfigurationMistake[] {
  return layers.flatMap(({ name: layer, variables }) =>
    Object.keys(variables).flatMap((variable) => {
      if (!isSet(variables[variable])) return []
      const meant = suggestName(variable)
      // On Windows the environment is read without regard to case.
      if (meant === undefined || variables[meant] === variables[variable]) return []
      const message = `${variable} is set in ${layer}, and nothing reads it: is ${meant} meant?`
      return [{ option: undefined, message }]
    }),
  )
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== ''
}

function readSecretFile(
  file: string,
): { readonly mistake: string } | { readonly text: string; readonly warning?: string } {
  try {
    const content = decodeText(readFileSync(file))
    if (content === undefined) {
      const mend = 'a random secret as text is what `openssl rand -base64 48` prints.'
      return { mistake: `The file ${file} is not UTF-8: write text into it; ${mend}` }
    }
    // Editors and `echo` end a file with a line break that is no part of the secret.
    const text = content.replace(/\r?\n$/, '')
    if (text === '') return { mistake: `The file ${file} is empty: write the secret into it.` }
    const isOpen = (statSync(file).mode & 0o004) !== 0
    return isOpen ? { text, warning: `Everybody can read ${file}: chmod 600 ${file}` } : { text }
  } catch {
    return { mistake: `The file ${file} cannot be read: correct its path or its permissions.` }
  }
}

// Read without a look, every byte that is none of UTF-8 would become the same character: a secret of random bytes would
// lose most of its chance, and another one than the file's would count.
function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}
