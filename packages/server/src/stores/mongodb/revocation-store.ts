import type { Revocation, RevocationStore } from '../../revocation/store.ts'
import type { Collections } from './documents.ts'
import { bounded } from './time-limit.ts'

export function createRevocationStore({
  accounts,
  sessions,
}: Pick<Collections, 'accounts' | 'sessions'>): RevocationStore {
  const ended = async (since: number): Promise<Revocation[]> => {
    const options = { ...bounded, projection: { endedAt: 1 } }
    const found = await sessions.find({ endedAt: { $gte: since } }, options).toArray()
    return found.map(({ _id, endedAt }) => ({
      kind: 'session',
      sessionId: _id,
      at: endedAt ?? since,
    }))
  }
  const raised = async (since: number): Promise<Revocation[]> => {
    const options = { ...bounded, projection: { tokenEpoch: 1, epochsRaisedAt: 1 } }
    const found = await accounts.find({ epochsRaisedAt: { $gte: since } }, options).toArray()
    return found.map(({ _id, tokenEpoch, epochsRaisedAt }) => ({
      kind: 'subject',
      subject: _id,
      epoch: tokenEpoch,
      at: epochsRaisedAt ?? since,
    }))
  }
  return {
    findRevocations: async (since) => (await Promise.all([ended(since), raised(since)])).flat(),
  }
}
