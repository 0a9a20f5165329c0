import type { Migration } from './migration.ts'

export const indexes: Migration = {
  number: 1,
  name: 'indexes',
  indexes: [
    {
      collection: 'accounts',
      name: 'accounts_by_username_key',
      field: 'usernameKey',
      unique: true,
      sparse: true,
    },
    { collection: 'accounts', name: 'accounts_by_role', field: 'role' },
    {
      collection: 'accounts',
      name: 'accounts_by_epochs_raised_at',
      field: 'epochsRaisedAt',
      sparse: true,
    },
    { collection: 'sessions', name: 'sessions_by_user_id', field: 'userId' },
    { collection: 'sessions', name: 'sessions_by_ended_at', field: 'endedAt', sparse: true },
    { collection: 'attempts', name: 'attempts_by_resets_at', field: 'resetsAt' },
    { collection: 'consumed', name: 'consumed_by_expires_at', field: 'expiresAt' },
    { collection: 'auditEvents', name: 'audit_events_by_subject_id', field: 'subjectId' },
  ],
}
