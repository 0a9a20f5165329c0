// The tables as Kysely sees them. What they are made of stands in migrations/.

export interface UserRow {
  id: string
  username: string | null
  username_key: string | null
  email: string | null
  password_hash: string
  role: string
  disabled: number
  session_epoch: number
  token_epoch: number
  epochs_raised_at: number | null
  created_at: number
  updated_at: number
  deleted_at: number | null
  verified_email_key: string | null
  factor_epoch: number
}

export interface SessionRow {
  id: string
  user_id: string
  salt: Uint8Array
  generation: number
  parent: number | null
  rotated_at: number
  created_at: number
  last_used_at: number
  ended_at: number | null
  end_reason: string | null
  epoch: number
  user_agent: string | null
  ip: string | null
  /** Separated by spaces; null in rows of a version that did not know it. */
  amr: string | null
  authenticated_at: number | null
}

export interface FactorRow {
  id: string
  user_id: string
  kind: string
  name: string
  epoch: number
  external_id: string | null
  secret: string
  counter: number
  created_at: number
  last_used_at: number | null
}

export interface ChallengeRow {
  kind: string
  id: string
  subject: string | null
  payload: string
  attempts: number
  expires_at: number
}

export interface MailRow {
  id: string
  kind: string
  payload: string
  attempts: number
  due_at: number
  created_at: number
  expires_at: number
}

export interface KeyringRow {
  id: string
  version: number
  document: string
}

export interface AttemptRow {
  key: string
  count: number
  resets_at: number
}

export interface ConsumedRow {
  kind: string
  id: string
  expires_at: number
}

export interface ServiceRow {
  id: string
  name: string
  name_key: string
  secret_hash: string
  created_at: number
}

export interface LeaseRow {
  name: string
  holder: string
  expires_at: number
}

export interface AuditEventRow {
  id: string
  at: number
  type: string
  actor_id: string | null
  subject_id: string | null
  session_id: string | null
  ip: string | null
  user_agent: string | null
  request_id: string | null
  detail: string
}

export interface Schema {
  users: UserRow
  sessions: SessionRow
  keyring: KeyringRow
  attempts: AttemptRow
  consumed: ConsumedRow
  services: ServiceRow
  leases: LeaseRow
  factors: FactorRow
  challenges: ChallengeRow
  mails: MailRow
  audit_events: AuditEventRow
}
