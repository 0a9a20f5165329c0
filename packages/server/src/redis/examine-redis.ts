// Whether a Redis that answers is one that counts: a replica, a Sentinel and a node of a cluster answer, too.

/** What it is asked by: the driver's client. */
export interface RedisQuestioner {
  sendCommand(words: string[]): Promise<unknown>
}

// As a reservation does: it writes, in a script, under a name that begins as ours do.
const probe = `return redis.call('SET', KEYS[1], '1', 'PX', '1000')`

/** @returns why it cannot be used and what to do, for people; undefined when it can */
export async function whyUnusable(
  client: RedisQuestioner,
  probeKey: string,
): Promise<string | undefined> {
  // Who may not ask for it may still count.
  const known = String(await client.sendCommand(['INFO']).catch(() => ''))
  const fact = (name: string): string | undefined =>
    new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(known)?.[1]
  if (fact('redis_mode') === 'sentinel') {
    return 'REDIS_URL names a Sentinel, which counts nothing: name an address that follows the primary'
  }
  if (fact('role') === 'slave') {
    return 'REDIS_URL leads to a replica, which takes no writes: name an address that follows the primary'
  }
  if (fact('redis_mode') === 'cluster' && (await hasOtherNodes(client))) {
    return 'REDIS_URL names one node of a cluster, which has only some of the keys: name a single Redis, or a proxy of the cluster'
  }
  try {
    await client.sendCommand(['EVAL', probe, '1', probeKey])
    return undefined
  } catch (error) {
    return `Redis does not count (${error instanceof Error ? error.message : String(error)})`
  }
}

/** How long it has counted, at least; 0 when it does not say. */
export async function readUptimeMs(client: RedisQuestioner): Promise<number> {
  const known = String(await client.sendCommand(['INFO', 'server']).catch(() => ''))
  return 1000 * Number(/^uptime_in_seconds:(\d+)/m.exec(known)?.[1] ?? 0)
}

/** A cluster of one node has all keys, and is used as any Redis. */
async function hasOtherNodes(client: RedisQuestioner): Promise<boolean> {
  const known = String(await client.sendCommand(['CLUSTER', 'INFO']).catch(() => ''))
  return /^cluster_size:(\d+)/m.exec(known)?.[1] !== '1'
}
