import type { Migration } from './migration.ts'

export const waysIn: Migration = {
  number: 3,
  name: 'ways in',
  indexes: [
    {
      collection: 'accounts',
      name: 'accounts_by_verified_email_key',
      field: 'verifiedEmailKey',
      unique: true,
      sparse: true,
    },
    { collection: 'factors', name: 'factors_by_user_id', field: 'userId' },
    {
      collection: 'factors',
      name: 'factors_by_external_id',
      field: 'externalId',
      unique: true,
      sparse: true,
    },
    { collection: 'challenges', name: 'challenges_by_expires_at', field: 'expiresAt' },
    { collection: 'mails', name: 'mails_by_due_at', field: 'dueAt' },
  ],
}
