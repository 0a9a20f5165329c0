// Move: what is told of a move to another database, and what has to be set next. The move itself is the library's
// (@countersign/server/database).

import { dirname } from 'node:path'
import { type DatabaseSettings, secretFileOf, type Settings } from '@countersign/server/config'
import type { MoveMark, MoveReport } from '@countersign/server/database'
import { renderTable } from '../command-line/table.ts'

interface Circumstances extends Pick<Settings, 'secrets'> {
  readonly source: DatabaseSettings
  readonly target: DatabaseSettings
}

export function renderMoved(report: MoveReport, circumstances: Circumstances): string {
  const rows = [...report.rows].map(([table, count]) => [table, String(count)])
  return [
    renderTable(['moved', 'rows'], rows),
    '',
    `Everything is in ${report.to}, read back and compared.`,
    `${report.from} is marked and serves no more.`,
    '',
    'Set for every instance, then start:',
    `  DATABASE_URL=${report.to}`,
    ...(hasCredentials(circumstances.target)
      ? ['  with the user and the password that were given here,']
      : []),
    ...renderSecret(circumstances),
    'All else stays as it is: PUBLIC_URL or JWT_ISSUER, JWT_SECRET and REDIS_URL above all.',
  ].join('\n')
}

/** Sessions, keys and second factors are sealed under it wherever they are. */
function renderSecret({ source, target, secrets }: Circumstances): string[] {
  if (secrets.length > 0) return ['  COUNTERSIGN_SECRET as it is now']
  if (source.kind !== 'sqlite') return []
  const file = secretFileOf(source.file)
  if (target.kind !== 'sqlite') {
    return [
      `  COUNTERSIGN_SECRET=$(cat ${quote(file)})`,
      '  or COUNTERSIGN_SECRET_FILE: a copy of that file',
    ]
  }
  const next = secretFileOf(target.file)
  return next === file
    ? [`  and leave the master secret in ${dirname(next)}`]
    : [`  and bring the master secret along: cp -pn ${quote(file)} ${quote(next)}`]
}

function hasCredentials(target: DatabaseSettings): boolean {
  if (target.kind === 'sqlite') return false
  return target.kind === 'postgres' || target.url.includes('@')
}

/** For a shell, only where it needs to be. */
function quote(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`
}

export function renderUndone({ place, at }: MoveMark): string {
  return [
    `This database serves again, as it was on ${new Date(at).toISOString()}.`,
    `Make sure that nothing serves ${place} any more: empty it, or take its instances away.`,
  ].join('\n')
}
