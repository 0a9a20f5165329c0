import type { ConfigurationMistake } from './configuration-error.ts'
import { parseDuration } from './durations.ts'
import type { CountersignOptions, OptionName } from './options.ts'
import { parseRateLimit } from './rate-limits.ts'
import type { RateLimit } from './settings.ts'

/** Reads options one by one, notes every mistake, and goes on with a value that lets the other checks run. */
export class OptionReader {
  readonly mistakes: ConfigurationMistake[] = []
  readonly #options: CountersignOptions

  constructor(options: CountersignOptions) {
    this.#options = options
  }

  refuse(option: OptionName | undefined, message: string): void {
    this.mistakes.push({ option, message })
  }

  /** Undefined when it is not set; an empty text counts as not set. */
  text(name: OptionName): string | undefined {
    const value = this.#options[name]
    if (value === undefined) return undefined
    if (typeof value !== 'string' && typeof value !== 'number') {
      this.refuse(name, 'It has to be a text or a number.')
      return undefined
    }
    const text = String(value)
    return text === '' ? undefined : text
  }

  flag(name: OptionName, fallback: boolean): boolean {
    const value = this.#options[name]
    if (value === undefined || typeof value === 'boolean') return value ?? fallback
    this.refuse(name, 'It has to be true or false.')
    return fallback
  }

  list(name: OptionName): string[] {
    const value = this.#options[name]
    const isList = Array.isArray(value)
    if (isList && !value.every((item) => typeof item === 'string')) {
      this.refuse(name, 'It has to be a list of texts.')
      return []
    }
    const items = isList ? (value as string[]) : (this.text(name)?.split(',') ?? [])
    return items.map((item) => item.trim()).filter((item) => item !== '')
  }

  integer(name: OptionName, fallback: number, minimum: number, maximum: number): number {
    const text = this.text(name)
    if (text === undefined) return fallback
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
    if (value >= minimum && value <= maximum) return value
    this.refuse(name, `"${text}" is no whole number from ${minimum} to ${maximum}.`)
    return fallback
  }

  duration(name: OptionName, fallback: string, minimum: number, maximum: number): number {
    const text = this.text(name) ?? fallback
    const seconds = parseDuration(text)
    if (seconds === undefined) {
      this.refuse(name, `"${text}" is no duration: write 30s, 15m, 12h, 7d or seconds.`)
    } else if (seconds < minimum || seconds > maximum) {
      this.refuse(name, `"${text}" is not from ${minimum} to ${maximum} seconds.`)
    } else {
      return seconds
    }
    return parseDuration(fallback) ?? minimum
  }

  rateLimit(name: OptionName, fallback: string): RateLimit {
    const text = this.text(name) ?? fallback
    const limit = parseRateLimit(text)
    if (limit !== undefined) return limit
    this.refuse(name, `"${text}" is no limit: write <count>/<duration>, such as ${fallback}.`)
    return parseRateLimit(fallback) ?? { count: 1, windowSeconds: 1 }
  }

  choice<const C extends string>(name: OptionName, choices: readonly C[], fallback: C): C {
    const text = this.text(name)
    if (text === undefined) return fallback
    const found = choices.find((choice) => choice === text)
    if (found !== undefined) return found
    this.refuse(name, `"${text}" is not one of ${choices.join(', ')}.`)
    return fallback
  }
}
