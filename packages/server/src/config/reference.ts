import { optionTable } from './options.ts'

/** The table of configuration, in Markdown, as it stands in the README. */
export function renderOptionReference(): string {
  const rows = optionTable.map(({ environmentName, fallback, meaning, isSecret }) => {
    const name = isSecret ? `\`${environmentName}\` (or \`_FILE\`)` : `\`${environmentName}\``
    return `| ${name} | ${fallback} | ${meaning} |`
  })
  return ['| variable | default | meaning |', '|---|---|---|', ...rows].join('\n')
}
