import type { Migration } from './migration.ts'

// What an account's sessions left behind (ended, or dead with an epoch) is not in the way of those that live. A refresh
// changes none of these columns, and on PostgreSQL stays within its page. `sessions_by_user_id` serves the version before;
// a contract step may drop it a release later.
export const liveSessions: Migration = {
  number: 5,
  name: 'live sessions',
  statements: [
    'CREATE INDEX sessions_alive ON sessions (user_id, epoch, id) WHERE ended_at IS NULL',
  ],
}
