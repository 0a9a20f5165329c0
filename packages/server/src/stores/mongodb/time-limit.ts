/** An operation that takes longer than this is given up by the server, before the driver gives up the connection. */
export const bounded = { maxTimeMS: 4_000 } as const
