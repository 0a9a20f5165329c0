import type { AuditLog, AuditOrigin } from '../audit/audit-log.ts'

/** Records that PASSWORD_COMMON let a password pass which it would refuse in production; nothing without a warning. */
export async function recordAcceptedPassword(
  audit: AuditLog,
  warning: 'common' | 'context' | undefined,
  who: { readonly actorId: string | null; readonly subjectId: string },
  origin?: AuditOrigin,
): Promise<void> {
  if (warning === undefined) return
  await audit.record('password.common_accepted', { ...who, detail: { reason: warning } }, origin)
}
