import type { Migration } from './migration.ts'

// What an account's sessions left behind (ended, or dead with an epoch) is not in the way of those that live.
export const liveSessions: Migration = {
  number: 4,
  name: 'live sessions',
  indexes: [
    {
      collection: 'sessions',
      name: 'sessions_alive',
      field: 'userId',
      more: ['hasEnded', 'epoch'],
    },
  ],
}
