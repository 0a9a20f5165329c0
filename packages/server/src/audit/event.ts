// Audit: what happened that matters to security, kept in the database and written as structured log lines. This folder
// owns the list of events and how they are recorded. It decides nothing: flows tell it what they did.

/** Every kind of event. `outcome` says how it went where it can go two ways. */
export type AuditType =
  | 'account.registered'
  | 'account.created'
  | 'account.deleted'
  | 'account.disabled'
  | 'account.enabled'
  | 'account.role_changed'
  | 'account.profile_changed'
  | 'factor.added'
  | 'factor.removed'
  | 'factor.used_recovery'
  | 'factor.cloned'
  | 'email.verified'
  | 'email.changed'
  | 'email.change_undone'
  | 'password.changed'
  | 'password.reset'
  | 'password.set_by_admin'
  | 'password.change_failed'
  | 'password.common_accepted'
  | 'sign_in.succeeded'
  | 'sign_in.failed'
  | 'sign_in.many_accounts'
  | 'sign_in.many_addresses'
  | 'session.ended'
  | 'session.all_ended'
  | 'session.superseded'
  | 'session.replayed_elsewhere'
  | 'session.restored'
  | 'session.theft'
  | 'access.denied'
  | 'csrf.refused'
  | 'limit.exceeded'
  | 'keys.rotated'
  | 'service.added'
  | 'service.removed'
  | 'service.refused'

export interface AuditEvent {
  readonly id: string
  readonly at: number
  readonly type: AuditType
  /** Who acted, when known. */
  readonly actorId: string | null
  /** Whom or what it concerns, when that is an account. */
  readonly subjectId: string | null
  readonly sessionId: string | null
  readonly ip: string | null
  readonly userAgent: string | null
  readonly requestId: string | null
  /** A few plain facts; never a password, a token or a secret. */
  readonly detail: Readonly<Record<string, string | number | boolean | null>>
}
