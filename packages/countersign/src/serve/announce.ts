import type { Countersign } from '@countersign/server'
import { version } from '@countersign/server'

/** What a person wants to know once the server answers. */
export function renderAnnouncement(
  auth: Countersign,
  facts: { readonly metricsUrl: string | undefined; readonly hasAdministrator: boolean },
): string {
  const { settings } = auth
  const signing = auth.keys.list().find(({ state }) => state === 'active')?.algorithm
  const rows: [string, string][] = [
    ['API', `${settings.publicUrl}/api`],
    ...(settings.documentation
      ? [['Documentation', `${settings.publicUrl}/docs`] as [string, string]]
      : []),
    ...(facts.metricsUrl === undefined ? [] : [['Metrics', facts.metricsUrl] as [string, string]]),
    ['Data', auth.description],
    ['Access tokens', describeSigning(signing ?? settings.jwtAlgorithm, settings.publicUrl)],
  ]
  return [
    '',
    `  Countersign ${version} is ready.`,
    '',
    ...rows.map(([name, value]) => `  ${name.padEnd(15)}${value}`),
    '',
    ...(facts.hasAdministrator
      ? []
      : [
          '  There is no administrator yet. Make the first:',
          '    npx countersign users add <username> --admin',
          '',
        ]),
    '  Ctrl-C stops the server.',
    '',
  ].join('\n')
}

/** A shared secret stands in no key set, and whoever looked for it there would find nothing. */
function describeSigning(algorithm: string, publicUrl: string): string {
  if (algorithm === 'HS256') return 'HS256, verified with JWT_SECRET'
  return `${algorithm}, keys at ${publicUrl}/.well-known/jwks.json`
}
