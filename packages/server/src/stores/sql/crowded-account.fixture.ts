// An account that left a great many sessions behind: what its log-ins read must not grow with them.

/** Rows of one account: of every hundred one lives. */
export const crowd = { rows: 50_000, live: 500, userId: 'crowded', sessionEpoch: 3 } as const

/** For `INSERT INTO sessions (...) SELECT ... FROM numbers`, where `i` counts from 1. */
export const crowdColumns = `id, user_id, salt, generation, parent, rotated_at, created_at, last_used_at, ended_at,
  end_reason, epoch, user_agent, ip`

/** @param id how the database writes the number as a text of one length */
export function crowdValues(id: string, salt: string): string {
  const isLive = 'i % 100 = 0'
  return `${id}, '${crowd.userId}', ${salt}, 1, NULL, i, i, i,
    CASE WHEN ${isLive} OR i % 2 = 0 THEN NULL ELSE i END, NULL, CASE WHEN ${isLive} THEN 3 ELSE 2 END, NULL, NULL`
}
