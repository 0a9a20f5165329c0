import type { MongodbSettings } from '../../config/settings.ts'
import type { Clock } from '../../foundation/clock.ts'
import { type DatabaseFinding, examineClock } from '../database-finding.ts'
import { withMongodbDatabase } from './mongodb-database.ts'

/**
 * Looks and changes nothing.
 * @throws ConfigurationError or StoreUnavailableError with the mend
 */
export function examineMongodb(
  { url }: MongodbSettings,
  localClock: Clock,
): Promise<readonly DatabaseFinding[]> {
  return withMongodbDatabase(url, {}, async (database) => [
    { isWrong: false, text: `${database.description} answers.` },
    examineTopology(await database.readServer()),
    await examineClock(localClock, async () => (await database.readServer()).time),
  ])
}

function examineTopology({ replicaSet, isRouter }: { replicaSet?: string; isRouter: boolean }) {
  const text = isRouter
    ? 'It is the router of a sharded cluster.'
    : replicaSet === undefined
      ? 'It is a single server: when it fails, nothing takes over. A replica set does.'
      : `It is the replica set ${replicaSet}.`
  return { isWrong: false, text }
}
