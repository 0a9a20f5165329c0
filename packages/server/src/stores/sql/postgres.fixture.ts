import assert from 'node:assert/strict'
import { parsePostgresUrl } from '../../config/parse-postgres-url.ts'
import type { PostgresSettings } from '../../config/settings.ts'

/** What this URL configures, as the server reads it. */
export function settingsOf(url: string): PostgresSettings {
  const parsed = parsePostgresUrl(url)
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.mistakes.join('\n'))
  return parsed.settings
}
