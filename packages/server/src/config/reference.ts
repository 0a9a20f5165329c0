import { isReadableFromFile, optionTable } from './options.ts'

/** The table of configuration, in Markdown, as it stands in the README. */
export function renderOptionReference(): string {
  const rows = optionTable.map((option) => {
    const { environmentName, fallback, meaning } = option
    const name = isReadableFromFile(option)
      ? `\`${environmentName}\` (or \`_FILE\`)`
      : `\`${environmentName}\``
    return `| ${name} | ${fallback} | ${meaning} |`
  })
  return ['| variable | default | meaning |', '|---|---|---|', ...rows].join('\n')
}
